import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";

let nats: TestNatsServer;
let tested: TestNode;
let contextId: string;

beforeAll(async () => {
  nats = await startTestNatsServer();
});

afterAll(() => nats?.[Symbol.asyncDispose]());

beforeEach(async () => {
  tested = await startTestNode({ natsUrl: nats.url });
  contextId = crypto.randomUUID();
  const starting = await tested.openSession({ gatewayId: "starting" });
  await starting.startContext(contextId);
  // The session ends before the next one opens, so that no other one gets events of a test.
  await starting[Symbol.asyncDispose]();
  await starting.closed;
  return () => tested[Symbol.asyncDispose]();
});

/** A session that does not acknowledge by itself. */
function openSilent(gatewayId: string): Promise<GatewaySession> {
  return tested.openSession({ gatewayId, acknowledges: false });
}

/** Starts a job. Resolves with its id when the session has received its `running`. */
async function start(session: GatewaySession): Promise<string> {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 0 });
  await session.jobEvent(jobId, "running");
  return jobId;
}

function cancel(session: GatewaySession, jobId: string): void {
  session.send({ $case: "cancelJob", value: { jobId } });
}

/** Resolves when the node has received all that was sent on the session. */
async function received(session: GatewaySession): Promise<void> {
  const nothing = crypto.randomUUID();
  cancel(session, nothing);
  await session.refusal(nothing);
}

/** Jobs that the node holds according to its welcome. */
async function heldJobs(): Promise<string[]> {
  await using session = await openSilent(crypto.randomUUID());
  return (await session.welcome()).jobs.map(({ jobId }) => jobId);
}

/** Types of a job's events as received, with a mark for repeated ones. */
function arrivals(session: GatewaySession, jobId: string): string[] {
  return session.deliveries(jobId).map(({ type, again }) => (again ? `${type} again` : type));
}

function numbersOf(session: GatewaySession, jobId: string): number[] {
  return session.deliveries(jobId).map(({ number }) => number);
}

test("when a gateway leaves, another one gets all unacknowledged events of the job in order, repeated ones marked", async () => {
  const first = await openSilent("first");
  const second = await openSilent("second");
  const jobId = await start(first);
  first.break();
  await second.jobEvent(jobId, "running");
  cancel(second, jobId);
  await second.final(jobId);
  expect(arrivals(second, jobId)).toEqual(["running again", "cancelling", "cancelled"]);
  expect(numbersOf(second, jobId)[0]).toBe(numbersOf(first, jobId)[0]);
  expect(second.jobEvents(jobId).map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test("events without a session go to the first one that opens, after earlier events", async () => {
  const first = await openSilent("first");
  const jobId = await start(first);
  const endId = crypto.randomUUID();
  first.runJob({ jobId: endId, contextId, entryPoint: "stubborn", gracePeriodMs: 0, timeoutMs: 300 });
  await first.jobEvent(endId, "running");
  first.break();
  // Only the timeout ends it, with or without a session.
  await expect.poll(() => tested.runtime.running(contextId)).toBe(1);

  const second = await openSilent("second");
  await second.final(endId);
  expect(second.story(endId)).toEqual(["running", "cancelling", "failed"]);
  expect(arrivals(second, endId)[0]).toBe("running again");
  expect(arrivals(second, jobId)).toEqual(["running again"]);
  expect(second.jobOrder("running")).toEqual([jobId, endId]);
});

test("a job is held until a gateway acknowledges its end", async () => {
  const session = await openSilent("first");
  const jobId = await start(session);
  cancel(session, jobId);
  await session.final(jobId);
  expect(await heldJobs()).toEqual([jobId]);
  session.acknowledge(numbersOf(session, jobId).slice(0, -1));
  expect(await heldJobs()).toEqual([jobId]);
  session.acknowledge(numbersOf(session, jobId).slice(-1));
  await expect.poll(heldJobs).toEqual([]);
});

test("an acknowledgement counts on any session", async () => {
  const first = await openSilent("first");
  const second = await openSilent("second");
  const jobId = await start(first);
  cancel(first, jobId);
  await first.final(jobId);
  second.acknowledge(numbersOf(first, jobId));
  await expect.poll(heldJobs).toEqual([]);
  first.break();
  await start(second);
  expect(second.story(jobId)).toEqual([]);
});

test("acknowledgements of unknown numbers are ignored", async () => {
  const session = await openSilent("first");
  const jobId = await start(session);
  const [running = 0] = numbersOf(session, jobId);
  session.acknowledge([0, Number.MAX_SAFE_INTEGER, running, running, running + 1000]);
  session.acknowledge(Array.from({ length: 1_000_000 }, (_, index) => running + 10_000 + index));
  session.acknowledge([running]);
  cancel(session, jobId);
  await session.final(jobId);
  expect(await heldJobs()).toEqual([jobId]);
});

test("context events go to all sessions; a later one gets the unacknowledged ones", async () => {
  const first = await openSilent("first");
  const second = await openSilent("second");
  const own = crypto.randomUUID();
  await first.startContext(own);
  await second.contextEvent(own, "running");
  const third = await openSilent("third");
  await third.contextEvent(own, "running");
  expect(third.heard("contextEvent").map(({ number }) => number)).toEqual(
    first.heard("contextEvent").map(({ number }) => number),
  );

  second.acknowledge(second.heard("contextEvent").map(({ number }) => number));
  await received(second);
  first.send({ $case: "stopContext", value: { contextId: own, force: true, drain: false } });
  await second.contextEvent(own, "stopped");
  const fourth = await openSilent("fourth");
  await fourth.contextEvent(own, "stopped");
  expect(fourth.contextStory(own)).toEqual(["stopping", "stopped"]);
});

test("a session that opens later gets the end of a context after the ends of its jobs", async () => {
  const first = await openSilent("first");
  const jobId = await start(first);
  first.send({ $case: "stopContext", value: { contextId, force: true, drain: false } });
  await first.contextEvent(contextId, "stopped");
  first.break();
  await first.closed;
  const second = await openSilent("second");
  await second.contextEvent(contextId, "stopped");
  await second.final(jobId);
  const kinds = second.messages.map(({ $case }) => $case);
  expect(kinds.lastIndexOf("jobEvent")).toBeLessThan(kinds.lastIndexOf("contextEvent"));
});

test("the repeated last event of a context has no number", async () => {
  const session = await openSilent("first");
  session.acknowledge(session.heard("contextEvent").map(({ number }) => number));
  const before = session.heard("contextEvent").length;
  const value = { contextId, name: contextId, settings: undefined, adHoc: false, firstSeq: 1 };
  session.send({ $case: "startContext", value });
  const repeated = await session.until("event", () => session.heard("contextEvent")[before]);
  expect(repeated.number).toBe(0);
});

test("a job returns to its gateway when its stand-in has acknowledged its events", async () => {
  const first = await openSilent("first");
  const second = await openSilent("second");
  const [bound, free] = [await start(first), await start(first)];
  first.break();
  await second.jobEvent(free, "running");
  second.acknowledge(numbersOf(second, free));
  await received(second);

  const back = await openSilent("first");
  for (const jobId of [bound, free]) cancel(back, jobId);
  await back.final(free);
  await second.final(bound);
  expect(arrivals(back, free)).toEqual(["cancelling again", "cancelled"]);
  expect(arrivals(second, bound)).toEqual(["running again", "cancelling", "cancelled"]);
  expect(back.story(bound)).toEqual([]);
});

test("a session that submits a held attempt again gets its events, also after its end", async () => {
  const first = await openSilent("first");
  const second = await openSilent("second");
  const [open, ended] = [await start(first), await start(first)];
  cancel(first, ended);
  await first.final(ended);

  for (const jobId of [open, ended]) second.runJob({ jobId, contextId, entryPoint: "stubborn" });
  await second.final(ended);
  cancel(first, open);
  await second.final(open);
  expect(arrivals(second, ended)).toEqual(["running again", "cancelling again", "cancelled again"]);
  expect(arrivals(second, open)).toEqual(["running again", "cancelling", "cancelled"]);
  expect(first.story(open)).toEqual(["running"]);
});

test("another session can fetch a large result until its event is acknowledged", async () => {
  const first = await openSilent("first");
  const jobId = crypto.randomUUID();
  first.runJob({ jobId, contextId, entryPoint: "large" }, { length: 400_000 });
  await first.final(jobId);
  first.break();
  const second = await openSilent("second");
  const { event } = await second.final(jobId);
  const digest = event.$case === "succeeded" ? (event.value.result?.digest ?? "") : "";
  expect((await second.fetch(digest)).length).toBe(400_002);
});
