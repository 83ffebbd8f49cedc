import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Job, JobSchema, ListJobsResponseSchema, sizeAtMost } from "../../../proto/mod.ts";
import { arbitraryMessage } from "../../../test/contract/arbitrary_message.ts";
import { pageOf, readPage } from "./paging.ts";

const GRPC_MESSAGE_BYTES = 4 * 1024 * 1024;

function jobs(count: number, textBytes: number): Job[] {
  const error = { message: "x".repeat(textBytes) };
  return Array.from({ length: count }, (_, index) =>
    create(JobSchema, { id: String(index + 1).padStart(4, "0"), error }),
  );
}

const key = ({ id }: Job): string => id;

async function readAllPages(all: readonly Job[], limit: number): Promise<Job[][]> {
  const pages: Job[][] = [];
  for (let token = ""; ; ) {
    const { rows, nextPageToken } = await pageOf(all, { limit, token, key });
    pages.push(rows);
    if (nextPageToken === "") return pages;
    token = nextPageToken;
  }
}

test("readPage() ends a page of large rows early, and the pages together have every row once", async () => {
  const all = jobs(300, 32 * 1024);
  const pages = await readAllPages(all, 1000);
  for (const page of pages) {
    const { length } = toBinary(ListJobsResponseSchema, create(ListJobsResponseSchema, { jobs: page }));
    expect(length).toBeLessThan(GRPC_MESSAGE_BYTES);
  }
  expect(pages.length).toBeLessThan(6);
  expect(pages.flat()).toEqual(all);
});

test("readPage() gives a row that is larger than a page one of its own", async () => {
  const [small, large, last] = [...jobs(2, 1), ...jobs(1, 1)].map((job, index) => ({ ...job, id: String(index) }));
  if (small === undefined || large === undefined || last === undefined) throw new Error("three jobs");
  large.error = { ...large.error, message: "x".repeat(5 * 1024 * 1024) } as Job["error"];
  const pages = await readAllPages([small, large, last], 50);
  expect(pages.map((page) => page.map(key))).toEqual([["0"], ["1"], ["2"]]);
});

test.each([1, 2, 199, 200, 201, 399, 400, 401, 1000])(
  "readPage() fills pages of %s rows, and has no empty page",
  async (limit) => {
    const all = jobs(401, 1);
    const pages = await readAllPages(all, limit);
    expect(pages.map(({ length }) => length)).toEqual(pages.map((_, index) => Math.min(limit, 401 - index * limit)));
    expect(pages.flat()).toEqual(all);
  },
);

test("readPage() looks at a bounded number of rows for a page of a sparse list", async () => {
  const all = jobs(1000, 1);
  let reads = 0;
  const read = async (limit: number, after = "") => {
    reads += 1;
    return all.filter(({ id }) => id > after).slice(0, limit);
  };
  const covers = ({ id }: Job): boolean => id === "1000";
  const first = await readPage({ limit: 10, token: "", key, covers, read });
  expect({ rows: first.rows, reads }).toEqual({ rows: [], reads: 20 });
  expect(first.nextPageToken).not.toBe("");
});

test("sizeAtMost() is never less than the size of a message in protobuf's encoding", () => {
  fc.assert(
    fc.property(arbitraryMessage(JobSchema), (job) => {
      expect(sizeAtMost(job)).toBeGreaterThanOrEqual(toBinary(JobSchema, job).length);
    }),
  );
});
