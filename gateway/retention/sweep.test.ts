import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import blobsFs from "../../plugins/blobs-fs/mod.ts";
import daoSqlite from "../../plugins/dao-sqlite/mod.ts";
import { Context_State, Job_State } from "../../proto/mod.ts";
import {
  collect,
  json,
  sampleBinary,
  sampleContext,
  sampleFile,
  sampleId,
  sampleJob,
} from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { sweep } from "./sweep.ts";

const DAY_MS = 24 * 3600 * 1000;
const NOW = Date.now();
const { signal } = new AbortController();
const never = { jobDays: null, contextDays: null, binaryDays: null, everyMinutes: 60 };
const { SUCCEEDED, RUNNING } = Job_State;

async function startStores() {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const start = { log: { info() {}, warn() {} }, signal };
  const dao = stack.use(await daoSqlite.start({ ...start, config: { path: `${directory.path}/db` } }));
  const blobs = stack.use(await blobsFs.start({ ...start, config: { path: `${directory.path}/blobs` } }));
  const owned = stack.move();
  return { dao, blobs, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function daysAgo(days: number) {
  return timestampFromMs(NOW - days * DAY_MS);
}

test("sweep() deletes jobs and contexts past their retention, and no others", async () => {
  await using stores = await startStores();
  const { dao } = stores;
  for (let n = 1; n <= 450; n++) {
    await dao.jobs.insert(sampleJob(n, { state: SUCCEEDED, endTime: daysAgo(n <= 430 ? 31 : 29) }), json({}));
  }
  await dao.jobs.insert(sampleJob(999, { state: RUNNING, createTime: daysAgo(100) }), json({}));
  const { STOPPED } = Context_State;
  await dao.contexts.insert(sampleContext(1, { state: STOPPED, endTime: daysAgo(8) }));
  await dao.contexts.insert(sampleContext(2, { state: STOPPED, endTime: daysAgo(6) }));
  await dao.contexts.insert(sampleContext(3, { state: Context_State.RUNNING, createTime: daysAgo(100) }));

  const config = { ...never, jobDays: 30, contextDays: 7 };
  expect(await sweep(stores, config, { now: new Date(NOW), signal })).toEqual({
    jobs: 430,
    contexts: 1,
    binaries: 0,
    blobs: 0,
  });
  expect(await dao.jobs.list({}, { limit: 1000 })).toHaveLength(21);
  expect((await dao.contexts.list({}, { limit: 10 })).map(({ id }) => id)).toEqual([3, 2].map(sampleId));
});

test("sweep() deletes old versions except the newest and those in use", async () => {
  await using stores = await startStores();
  const { dao } = stores;
  for (const n of [1, 2, 3, 4])
    await dao.binaries.insert(sampleBinary("a", n, { createTime: daysAgo(n === 3 ? 1 : 20) }));
  await dao.binaries.insert(sampleBinary("b", 1, { createTime: daysAgo(20) }));
  const binaryDigest = sampleBinary("a", 2).digest;
  await dao.jobs.insert(sampleJob(1, { state: RUNNING, binary: "a", binaryDigest }), json({}));

  const swept = await sweep(stores, { ...never, binaryDays: 10 }, { now: new Date(NOW), signal });

  expect(swept.binaries).toBe(1);
  expect((await dao.binaries.versions("a", { limit: 9 })).map(({ version }) => version)).toEqual([4, 3, 2]);
  expect(await dao.binaries.versions("b", { limit: 9 })).toHaveLength(1);
});

test("sweep() deletes unreferenced content after a day", async () => {
  await using stores = await startStores();
  const { dao, blobs } = stores;
  const put = async (text: string) => (await blobs.put(Buffer.from(text))).digest;
  const [digest, bundleDigest, sourceMapDigest] = [await put("binary"), await put("bundle"), await put("map")];
  await dao.binaries.insert(sampleBinary("a", 1, { digest, bundleDigest, sourceMapDigest }));
  const file = await put("file");
  await dao.files.put(sampleFile("f", { digest: file }));
  const result = await put("result");
  await dao.jobs.insert(sampleJob(1, { state: SUCCEEDED, result: { digest: result } }), json({}));
  await put("of nobody");
  const sweepAt = async (ms: number) => (await sweep(stores, never, { now: new Date(NOW + ms), signal })).blobs;

  expect(await sweepAt(DAY_MS / 2)).toBe(0);
  expect(await sweepAt(2 * DAY_MS)).toBe(1);
  const left = (await collect(blobs.list())).map((blob) => blob.digest).sort();
  expect(left).toEqual([digest, bundleDigest, sourceMapDigest, file, result].sort());

  await dao.jobs.delete(sampleId(1));
  await dao.files.delete("f");
  await dao.binaries.delete("a");
  expect(await sweepAt(2 * DAY_MS)).toBe(5);
});

test("sweep() keeps old jars on the class path of an open job", async () => {
  await using stores = await startStores();
  const { dao } = stores;
  const versions = [1, 2, 3].map((version) => sampleBinary("lib", version, { createTime: daysAgo(30) }));
  for (const version of versions) await dao.binaries.insert(version);
  const classPath = [`lib@${versions[0]?.digest}`];
  await dao.jobs.insert(sampleJob(1, { state: RUNNING, classPath }), json({}));

  await sweep(stores, { ...never, binaryDays: 7 }, { now: new Date(NOW), signal });
  expect((await dao.binaries.versions("lib", { limit: 9 })).map(({ version }) => version)).toEqual([3, 1]);
});

test("sweep() deletes nothing with unlimited retention", async () => {
  await using stores = await startStores();
  await stores.dao.jobs.insert(sampleJob(1, { state: SUCCEEDED, endTime: daysAgo(10_000) }), json({}));

  expect(await sweep(stores, never, { now: new Date(NOW), signal })).toEqual({
    jobs: 0,
    contexts: 0,
    binaries: 0,
    blobs: 0,
  });
});
