import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JobError_Reason } from "../../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";
import { digestOf } from "../../test/node/run_job.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startTestNatsServer();
});
afterAll(() => nats[Symbol.asyncDispose]());

/** Runs a job in a new context, which has nothing warm. */
async function runCold(session: GatewaySession, entryPoint: string, artifactDigest: string) {
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: 1024 });
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint, artifactDigest });
  return session.final(jobId);
}

/** Runs a job in a context that ends with it. */
async function runAdHoc(session: GatewaySession, entryPoint: string, artifactDigest: string) {
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: 1024 }, { adHoc: true });
  session.runJob({ jobId: contextId, contextId, entryPoint, artifactDigest });
  await session.contextEvent(contextId, "stopped");
}

/** The digests that were requested on a session, without the program's. */
function fetched(session: GatewaySession): string[] {
  const blobs = session.heard("blobRequest").map(({ blob }) => blob);
  return blobs.flatMap((blob) => (blob?.$case === "digest" && blob.value !== digest ? [blob.value] : [])).sort();
}

const asked = (session: GatewaySession): number => session.heard("blobRequest").length;

const code = Buffer.from("export const answer = 42;");
const digest = digestOf(code);

test("a bundle is fetched once for all contexts of a node, and kept on disk", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession({ blobs: { [digest]: code } });
  const finals = await Promise.all(Array.from({ length: 5 }, () => runCold(session, "bundle", digest)));
  expect(finals.map(({ result }) => result)).toEqual(Array(5).fill(code.toString()));
  expect(asked(session)).toBe(1);
  const [name, ...others] = await readdir(join(tested.dataDir, "blobs"));
  expect([`sha256:${name}`, others]).toEqual([digest, []]);
});

test("a damaged bundle on disk is fetched again", async () => {
  await using tested: TestNode = await startTestNode({ natsUrl: nats.url });
  const path = join(tested.dataDir, "blobs", digest.slice("sha256:".length));
  await writeFile(path, "export const answer");
  const session = await tested.openSession({ blobs: { [digest]: code } });
  expect((await runCold(session, "bundle", digest)).result).toBe(code.toString());
  expect(await readFile(path)).toEqual(code);
});

test("another gateway is asked when the first lacks the bundle", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const first = await tested.openSession({ gatewayId: "a" });
  const second = await tested.openSession({ gatewayId: "b", blobs: { [digest]: code } });
  expect((await runCold(first, "bundle", digest)).result).toBe(code.toString());
  expect([asked(first), asked(second)]).toEqual([1, 1]);
});

test.each([
  { what: "is nowhere", blobs: {}, message: /no such content/ },
  { what: "is not what its digest says", blobs: { [digest]: Buffer.from("other") }, message: /does not match/ },
])("a job whose bundle $what fails to load", async ({ blobs, message }) => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession({ blobs });
  const { event } = await runCold(session, "bundle", digest);
  expect(event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.LOAD_FAILED, message: expect.stringMatching(message) } },
  });
});

test("a malformed digest never becomes a path", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession();
  const { event } = await runCold(session, "bundle", "sha256:../../etc/passwd");
  expect(event).toMatchObject({ value: { error: { reason: JobError_Reason.LOAD_FAILED } } });
});

test("a job reads data files of the gateways, which are fetched once", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const large = "y".repeat(20_000);
  const session = await tested.openSession({
    files: { "a.txt": "first", "b/c.txt": large, "copy.txt": large },
    blobs: { [digest]: code },
  });
  const expected = { "a.txt": "first", "b/c.txt": large, "copy.txt": large };
  const finals = await Promise.all(Array.from({ length: 3 }, () => runCold(session, "files", digest)));
  expect(finals.map(({ result }) => result)).toEqual([expected, expected, expected]);
  expect(fetched(session)).toEqual([digestOf(Buffer.from(large)), digestOf(Buffer.from("first"))].sort());
});

test("a replaced data file is fetched again", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const before = await tested.openSession({ files: { a: "old" }, blobs: { [digest]: code } });
  expect((await runCold(before, "files", digest)).result).toEqual({ a: "old" });
  await before[Symbol.asyncDispose]();
  await before.closed;
  const after = await tested.openSession({ files: { a: "new" }, blobs: { [digest]: code } });
  expect((await runCold(after, "files", digest)).result).toEqual({ a: "new" });
});

test("a data file that does not match its digest fails the job and is not kept", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const forged = { [digestOf(Buffer.from("true"))]: Buffer.from("false") };
  const session = await tested.openSession({ files: { a: "true" }, blobs: { [digest]: code, ...forged } });
  const { event } = await runCold(session, "files", digest);
  expect(event).toMatchObject({
    $case: "failed",
    value: { error: { message: expect.stringMatching(/does not match/) } },
  });
  expect(await readdir(join(tested.dataDir, "blobs"))).toEqual([digest.slice("sha256:".length)]);
});

test("the cache is bounded, and blobs in use stay", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url, cacheBytes: 250_000 });
  const programs = Array.from({ length: 4 }, (_, n) => Buffer.from(`export const n = ${n};`.padEnd(100_000)));
  const digests = programs.map(digestOf);
  const session = await tested.openSession({
    blobs: Object.fromEntries(programs.map((bytes) => [digestOf(bytes), bytes])),
  });
  const [used, ...others] = digests;
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: 1024 });
  session.runJob({ jobId: "long", contextId, entryPoint: "bundle", artifactDigest: used ?? "" });
  await session.final("long");
  for (const other of others) await runAdHoc(session, "bundle", other);
  const kept = (await readdir(join(tested.dataDir, "blobs"))).map((name) => `sha256:${name}`);
  expect(kept.sort()).toEqual([used, others.at(-1)].sort());
});
