import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { JobError_Reason } from "../../proto/node.ts";
import { startTestNode, type TestNode } from "../../test/context_node.ts";
import { digestOf, type GatewaySession } from "../../test/gateway_session.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats_server.ts";

let nats: TestNatsServer;
beforeAll(async () => {
  nats = await startTestNatsServer();
});
afterAll(() => nats[Symbol.asyncDispose]());

/** Runs a job in a context of its own, which has nothing warm. */
async function runCold(session: GatewaySession, entryPoint: string, bundleDigest: string) {
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: 1024 });
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint, bundleDigest });
  return session.final(jobId);
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

test("a bundle that is damaged on disk is fetched again", async () => {
  await using tested: TestNode = await startTestNode({ natsUrl: nats.url });
  const path = join(tested.dataDir, "blobs", digest.slice("sha256:".length));
  await writeFile(path, "export const answer");
  const session = await tested.openSession({ blobs: { [digest]: code } });
  expect((await runCold(session, "bundle", digest)).result).toBe(code.toString());
  expect(await readFile(path)).toEqual(code);
});

test("another gateway is asked when the first has not the bundle", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const first = await tested.openSession({ gatewayId: "a" });
  const second = await tested.openSession({ gatewayId: "b", blobs: { [digest]: code } });
  expect((await runCold(first, "bundle", digest)).result).toBe(code.toString());
  expect([asked(first), asked(second)]).toEqual([1, 1]);
});

test.each([
  { what: "is nowhere", blobs: {}, message: /no such content/ },
  { what: "is not what its digest says", blobs: { [digest]: Buffer.from("other") }, message: /other bytes/ },
])("a job whose bundle $what fails to load", async ({ blobs, message }) => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession({ blobs });
  const { event } = await runCold(session, "bundle", digest);
  expect(event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.LOAD_FAILED, message: expect.stringMatching(message) } },
  });
});

test("a digest that is none never becomes a path", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession();
  const { event } = await runCold(session, "bundle", "sha256:../../etc/passwd");
  expect(event).toMatchObject({ value: { error: { reason: JobError_Reason.LOAD_FAILED } } });
});

test("a job reads the data files of the gateways", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const large = "y".repeat(200_000);
  const session = await tested.openSession({
    files: { "a.txt": "first", "b/c.txt": large },
    blobs: { [digest]: code },
  });
  expect((await runCold(session, "files", digest)).result).toEqual({ "a.txt": "first", "b/c.txt": large });
  expect(await readdir(join(tested.dataDir, "files"))).toEqual([]);
});
