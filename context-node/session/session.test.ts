import { credentials, makeGenericClientConstructor, type StatusObject, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Refusal_Reason } from "../../proto/node.ts";
import { HAS_IPV6 } from "../../test/http/ipv6.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import { GatewaySession } from "../../test/node/gateway_session.ts";
import type { Script } from "../../test/node/script.ts";

/** Reports its progress until it is cancelled. */
const ticking: Script = {
  async run({ signal, progress }) {
    while (!signal.aborted) {
      progress(0.5);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
};

let nats: TestNatsServer;
let tested: TestNode;

beforeAll(async () => {
  nats = await startTestNatsServer();
  tested = await startTestNode({ natsUrl: nats.url });
});

afterAll(async () => {
  await tested[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

test("a session receives a welcome with what the node is and holds", async () => {
  const first = await tested.openSession();
  const contextId = crypto.randomUUID();
  await first.startContext(contextId);
  const jobId = crypto.randomUUID();
  first.runJob({ jobId, contextId, entryPoint: "stubborn", attempt: 2, gracePeriodMs: 0 });
  await first.jobEvent(jobId, "running");

  const second = await tested.openSession({ gatewayId: "gateway-2" });
  const welcome = await second.welcome();
  expect(welcome).toMatchObject({ nodeId: tested.node.id, contextIds: [contextId], jobs: [{ jobId, attempt: 2 }] });
  expect(welcome.load).toMatchObject({
    node: { contexts: 1, runningJobs: 1, queuedJobs: 0, promisedMemoryBytes: 512 * 1024 * 1024 },
    contexts: { [contextId]: { runningJobs: 1, executors: 1 } },
    draining: false,
  });
  second.send({ $case: "stopContext", value: { contextId, force: true, drain: false } });
  await first.contextEvent(contextId, "stopped");
});

test.runIf(HAS_IPV6)("a node on an IPv6 address is reached at that address", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url, listen: "[::1]:0" });
  expect(tested.node.address).toMatch(/^\[::1\]:[1-9]\d*$/);
  const session = await tested.openSession();
  expect(await session.welcome()).toMatchObject({ nodeId: tested.node.id });
});

test("each session receives the load of the node every second", async () => {
  const session = await tested.openSession();
  await session.until("two loads", () => session.heard("load")[1]);
});

test("events go to the session that submitted the job", async () => {
  const first = await tested.openSession({ gatewayId: "a" });
  const second = await tested.openSession({ gatewayId: "b" });
  const contextId = crypto.randomUUID();
  await first.startContext(contextId);
  const jobId = crypto.randomUUID();
  second.runJob({ jobId, contextId, entryPoint: "echo" });
  await second.final(jobId);
  expect(first.story(jobId)).toEqual([]);
});

test("when its session breaks, a job's events go to another one, preferably of the same gateway", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url, scripts: { ticking } });
  const broken = await tested.openSession({ gatewayId: "breaking" });
  const other = await tested.openSession({ gatewayId: "staying" });
  const contextId = crypto.randomUUID();
  await other.startContext(contextId);
  const jobs = [crypto.randomUUID(), crypto.randomUUID()] as const;
  for (const jobId of jobs) broken.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 0 });
  await broken.jobEvent(jobs[1], "running");
  const telling = crypto.randomUUID();
  broken.runJob({ jobId: telling, contextId, entryPoint: "ticking" });
  await broken.jobEvent(telling, "progress");
  broken.break();
  // The node has detected it.
  await other.jobEvent(telling, "progress");

  other.send({ $case: "cancelJob", value: { jobId: jobs[0] } });
  await other.final(jobs[0]);
  const again = await tested.openSession({ gatewayId: "breaking" });
  expect((await again.welcome()).jobs).toContainEqual({ jobId: jobs[1], attempt: 1 });
  other.send({ $case: "cancelJob", value: { jobId: jobs[1] } });
  await again.final(jobs[1]);
  expect(other.story(jobs[1])).toEqual([]);
});

test("a job that is submitted again continues, and its events go to the new session", async () => {
  await using tested = await startTestNode({ natsUrl: nats.url });
  const broken = await tested.openSession({ gatewayId: "breaking" });
  const contextId = crypto.randomUUID();
  await broken.startContext(contextId);
  const jobId = crypto.randomUUID();
  broken.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 0 });
  await broken.jobEvent(jobId, "running");
  broken.break();

  const again = await tested.openSession({ gatewayId: "other" });
  again.runJob({ jobId, contextId, entryPoint: "stubborn", confirm: true });
  await again.until("acceptance", () => again.heard("acceptance")[0]);
  again.send({ $case: "cancelJob", value: { jobId } });
  await again.final(jobId);
  expect(again.story(jobId)).toEqual(["cancelling", "cancelled"]);
});

test("a later attempt replaces an abandoned one", async () => {
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { maxJobsPerContext: 1 });
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 3_600_000 });
  await session.jobEvent(jobId, "running");
  session.runJob({ jobId, contextId, entryPoint: "echo", attempt: 2, firstSeq: 10 });
  await session.jobEvent(jobId, "succeeded");
  expect(session.jobEvents(jobId).map(({ attempt, event }) => [attempt, event?.$case])).toContainEqual([
    1,
    "cancelled",
  ]);
});

test("an id that cannot be part of a subject is refused", async () => {
  const session = await tested.openSession();
  session.runJob({ jobId: "a.>", contextId: "c", entryPoint: "echo" });
  expect(await session.refusal("a.>")).toMatchObject({ reason: Refusal_Reason.REASON_UNSPECIFIED });
});

test("a session that does not begin with hello ends", async () => {
  const { stream, ended } = openRaw(Buffer.from([0x0a, 0x02, 0x42, 0x00]));
  expect(await ended).toMatchObject({ code: status.FAILED_PRECONDITION });
  stream.destroy();
});

test.each([{ firstSeq: 2 ** 32 - 1 }, { attempt: 2 ** 32 - 1 }, { retryDelayMs: Number.MAX_SAFE_INTEGER }])(
  "a job with numbers that no event can hold is refused: %o",
  async (numbers) => {
    const session = await tested.openSession();
    const contextId = crypto.randomUUID();
    await session.startContext(contextId);
    const jobId = crypto.randomUUID();
    session.runJob({ jobId, contextId, entryPoint: "fail", maxAttempts: 3, ...numbers });
    expect((await session.refusal(jobId)).message).toBe(
      "A number is too large: firstSeq may be 2147483648, attempt may be 100000, retryDelayMs may be 1000000000000000",
    );
    const value = {
      contextId: crypto.randomUUID(),
      name: "c",
      settings: undefined,
      adHoc: false,
      firstSeq: 2 ** 32 - 1,
    };
    session.send({ $case: "startContext", value });
    expect((await session.refusal(value.contextId)).message).toBe("A number is too large: firstSeq may be 2147483648");
  },
);

test.each([
  { what: "that is cut short", frame: [0x0a, 0x7f, 0x01] },
  // An acknowledgement of the event 2^64 - 1.
  { what: "with a number beyond those that are exact", frame: [10, 14, 98, 12, 10, 10, ...Array(9).fill(255), 1] },
])("a frame $what ends its session and no other", async ({ frame }) => {
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const { ended } = openRaw(Buffer.from(frame));
  expect((await ended).code).not.toBe(status.OK);
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "echo" });
  await session.final(jobId);
});

test("a silent session ends", async () => {
  await using session = new GatewaySession(tested.node.address, { isAlive: false });
  expect(await session.closed).toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

/** Opens a stream and sends bytes as its first frame. */
function openRaw(frame: Buffer): { stream: { destroy(): void }; ended: Promise<StatusObject> } {
  const Client = makeGenericClientConstructor({}, "raw");
  const client = new Client(tested.node.address, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeBidiStreamRequest("/hearth.node.v1.SessionService/Open", same, same);
  const ended = Promise.withResolvers<StatusObject>();
  stream.on("status", (final: StatusObject) => {
    client.close();
    ended.resolve(final);
  });
  stream.on("error", () => {});
  stream.on("data", () => {});
  stream.write(frame);
  return { stream, ended: ended.promise };
}
