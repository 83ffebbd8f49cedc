import { expect, test } from "vitest";
import { RunJob, RuntimeName, SqlQuery } from "../../proto/node.ts";
import { artifactOf } from "./artifact.ts";

const MEBIBYTE = 1024 ** 2;
const NO_BLOBS = { text: async () => "", open: () => Promise.reject(new Error("there is none")) };

test.each([
  [0, 256 * MEBIBYTE, 255 * MEBIBYTE],
  [1000, 256 * MEBIBYTE, 1000],
  [300 * MEBIBYTE, 256 * MEBIBYTE, 255 * MEBIBYTE],
  [0, 400, 300],
])("the rows of a query with maxBytes %i fit a result of %i bytes", (maxBytes, maxResultBytes, limit) => {
  const sql = SqlQuery.create({ statement: "select 1", maxBytes });
  const command = RunJob.create({ runtime: RuntimeName.SPARK, sql });
  const query = { ...sql, maxBytes: limit };
  expect(artifactOf(command, { blobs: NO_BLOBS, maxResultBytes })).toEqual({ type: "sql", query });
});
