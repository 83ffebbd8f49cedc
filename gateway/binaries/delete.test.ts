import { afterEach, beforeEach, expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Job_State, Runtime } from "../../proto/mod.ts";
import { json, sampleBinary, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { OPEN } from "../access/mod.ts";
import { deleteBinary } from "./delete.ts";

let dao: Dao;

beforeEach(async () => {
  const { signal } = new AbortController();
  dao = await memory.start({ config: {}, log: { info() {}, warn() {} }, signal });
  await dao.binaries.insert(sampleBinary("lib", 1, { runtime: Runtime.SPARK }));
  const { digest } = await dao.binaries.insert(sampleBinary("lib", 2, { runtime: Runtime.SPARK }));
  const classPath = [`lib@${digest}`];
  await dao.jobs.insert(sampleJob(1, { binary: "jobs", classPath, state: Job_State.RUNNING }), json({}));
  await dao.jobs.insert(sampleJob(2, { binary: "jobs", classPath, state: Job_State.SUCCEEDED }), json({}));
});

afterEach(() => dao[Symbol.asyncDispose]());

test("deleteBinary() refuses a jar on the class path of an open job", async () => {
  await expect(deleteBinary({ dao }, "lib", OPEN)).rejects.toThrow(`it is in use by job(s) ${sampleId(1)}`);
  await expect(deleteBinary({ dao }, "lib@2", OPEN)).rejects.toThrow("it is in use");
});

test("deleteBinary() deletes a version that is on no class path of an open job", async () => {
  await deleteBinary({ dao }, "lib@1", OPEN);
  expect(await dao.binaries.versions("lib", { limit: 5 })).toMatchObject([{ version: 2 }]);
});
