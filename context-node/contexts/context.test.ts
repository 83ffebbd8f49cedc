import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextSettings, JobError_Reason, Refusal_Reason, type RunJob } from "../../proto/node.ts";
import { startTestNode, type TestNode } from "../../test/context_node.ts";
import type { GatewaySession } from "../../test/gateway_session.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats_server.ts";
import { readEvents } from "../../test/stored_events.ts";

const MEBIBYTE = 1024 * 1024;

let nats: TestNatsServer;
let tested: TestNode;
let session: GatewaySession;

beforeAll(async () => {
  nats = await startTestNatsServer();
  tested = await startTestNode({ natsUrl: nats.url, memoryBytes: 8192 * MEBIBYTE });
  session = await tested.openSession();
});

afterAll(async () => {
  await tested[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

/** Starts a context with a small promise of memory and answers its id. */
async function start(settings: Partial<ContextSettings> = {}, options: { adHoc?: boolean } = {}): Promise<string> {
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: MEBIBYTE, ...settings }, options);
  return contextId;
}

function run(contextId: string, entryPoint: string, command: Partial<RunJob> = {}): string {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint, gracePeriodMs: 50, ...command });
  return jobId;
}

const stop = (contextId: string, force = false) => session.send({ $case: "stopContext", value: { contextId, force } });
const cancel = (jobId: string) => session.send({ $case: "cancelJob", value: { jobId } });

test("a context runs and is stopped, and says so on the session and on NATS", async () => {
  const contextId = await start();
  stop(contextId);
  await session.contextEvent(contextId, "stopped");
  expect(session.contextEvents(contextId).map(({ seq, event }) => [seq, event?.$case])).toEqual([
    [1, "running"],
    [2, "stopping"],
    [3, "stopped"],
  ]);
  const stored = await readEvents(nats.url, `hearth.v1.contexts.${contextId}.*`, ({ type }) => type === "stopped");
  expect(stored.map(({ type, attributes }) => [type, attributes.id, attributes.type])).toEqual([
    ["running", `${contextId}/1`, "hearth.v1.context.running"],
    ["stopping", `${contextId}/2`, "hearth.v1.context.stopping"],
    ["stopped", `${contextId}/3`, "hearth.v1.context.stopped"],
  ]);
});

test("jobs beyond the slots wait, in order of priority, and tell their place", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const first = run(contextId, "stubborn");
  await session.jobEvent(first, "running");
  const second = run(contextId, "echo");
  const third = run(contextId, "echo");
  const urgent = run(contextId, "echo", { priority: 5 });
  expect((await session.jobEvent(second, "queued")).position).toBe(1);
  expect((await session.jobEvent(third, "queued")).position).toBe(2);
  expect((await session.jobEvent(urgent, "queued")).position).toBe(1);

  cancel(first);
  await session.final(third);
  expect(session.story(urgent)).toEqual(["queued", "running", "succeeded"]);
  expect(session.jobOrder("running").filter((id) => [first, second, third, urgent].includes(id))).toEqual([
    first,
    urgent,
    second,
    third,
  ]);
});

test("a job is refused when the queue is full, and at once when it may not wait", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxQueuedJobs: 1 });
  run(contextId, "stubborn");
  const waiting = run(contextId, "echo");
  await session.jobEvent(waiting, "queued");
  const refused = run(contextId, "echo");
  expect(await session.refusal(refused)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
  const impatient = run(contextId, "echo", { noQueue: true });
  expect(await session.refusal(impatient)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
});

test("a context that lets no job wait still runs as many as it has slots", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxQueuedJobs: 0 });
  await session.final(run(contextId, "echo", { noQueue: true }));
  await session.final(run(contextId, "echo"));
});

test("a job that waits is cancelled at once and never runs", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  run(contextId, "stubborn");
  const waiting = run(contextId, "echo");
  await session.jobEvent(waiting, "queued");
  cancel(waiting);
  expect((await session.final(waiting)).event).toMatchObject({
    $case: "cancelled",
    value: { error: { reason: JobError_Reason.CANCELLED } },
  });
  expect(session.story(waiting)).toEqual(["queued", "cancelled"]);
});

test("the slot of a cancelled job is free when it is said to be cancelled", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const first = run(contextId, "stubborn");
  await session.jobEvent(first, "running");
  cancel(first);
  await session.final(first);
  expect((await session.final(run(contextId, "echo", { noQueue: true }))).event.$case).toBe("succeeded");
});

test("jobs may come while their context is starting", async () => {
  const started = Promise.withResolvers<void>();
  tested.runtime.beforeStart = () => started.promise;
  const contextId = crypto.randomUUID();
  session.send({
    $case: "startContext",
    value: { contextId, name: "slow", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  const jobId = run(contextId, "echo", { noQueue: true });
  const cancelled = run(contextId, "echo");
  cancel(cancelled);
  await session.final(cancelled);
  started.resolve();
  tested.runtime.beforeStart = async () => {};
  await session.final(jobId);
  expect(session.story(jobId)).toEqual(["running", "succeeded"]);
  expect(session.story(cancelled)).toEqual(["cancelled"]);
});

test("a context that cannot start fails with the reason, and so do its jobs", async () => {
  const started = Promise.withResolvers<void>();
  tested.runtime.beforeStart = () => started.promise;
  const contextId = crypto.randomUUID();
  session.send({
    $case: "startContext",
    value: { contextId, name: "broken", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  const jobId = run(contextId, "echo", { confirm: true });
  await session.until("acceptance", () => session.heard("acceptance").find((taken) => taken.jobId === jobId));
  started.reject(new Error("no binary for it"));
  const { event } = await session.contextEvent(contextId, "failed");
  tested.runtime.beforeStart = async () => {};
  expect(event?.value).toEqual({ message: "no binary for it", reason: JobError_Reason.CONTEXT_LOST });
  expect((await session.final(jobId)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.CONTEXT_LOST, message: "no binary for it" } },
  });
});

test("a context that is stopped while it starts never runs", async () => {
  tested.runtime.beforeStart = () => new Promise(() => {});
  const contextId = crypto.randomUUID();
  session.send({
    $case: "startContext",
    value: { contextId, name: "never", settings: undefined, adHoc: false, firstSeq: 1 },
  });
  stop(contextId);
  await session.contextEvent(contextId, "stopped");
  tested.runtime.beforeStart = async () => {};
  expect(session.contextStory(contextId)).toEqual(["stopping", "stopped"]);
});

test("the jobs of a sandbox that runs out of memory fail with that reason, those that wait too", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  const waiting = run(contextId, "echo");
  await session.jobEvent(waiting, "queued");
  tested.runtime.crash(contextId, { type: "outOfMemory", message: "over its limit of 1 MiB" });
  for (const jobId of [running, waiting]) {
    expect((await session.final(jobId)).event).toMatchObject({
      $case: "failed",
      value: { error: { reason: JobError_Reason.OUT_OF_MEMORY, message: "over its limit of 1 MiB" } },
    });
  }
  const { event } = await session.contextEvent(contextId, "failed");
  expect(event?.value).toEqual({ message: "over its limit of 1 MiB", reason: JobError_Reason.OUT_OF_MEMORY });
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
});

test("stopping a context cancels its jobs with their grace", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  const waiting = run(contextId, "echo");
  stop(contextId);
  await session.contextEvent(contextId, "stopped");
  expect(session.story(running)).toEqual(["running", "cancelling", "cancelled"]);
  expect(session.story(waiting)).toEqual(["queued", "cancelled"]);
  expect((await session.final(running)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
});

test("stopping by force cuts the grace that runs", async () => {
  const contextId = await start();
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 3_600_000 });
  await session.jobEvent(jobId, "running");
  stop(contextId);
  await session.jobEvent(jobId, "cancelling");
  stop(contextId, true);
  await session.contextEvent(contextId, "stopped");
  expect(session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
});

test("a context that is stopping takes no job", async () => {
  const contextId = await start();
  await session.jobEvent(run(contextId, "stubborn"), "running");
  stop(contextId);
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.DRAINING });
});

test("a context that was made for one job stops after it", async () => {
  const contextId = await start({}, { adHoc: true });
  const jobId = run(contextId, "echo");
  await session.contextEvent(contextId, "stopped");
  expect(session.story(jobId)).toEqual(["running", "succeeded"]);
});

test("a context stops when one of its jobs fails, if it is to", async () => {
  const contextId = await start({ stopOnJobError: true });
  await session.final(run(contextId, "echo"));
  expect(session.contextStory(contextId)).toEqual(["running"]);
  run(contextId, "fail");
  await session.contextEvent(contextId, "stopped");
});

test("a context that had no job for its idle timeout stops", async () => {
  const contextId = await start({ idleTimeout: { seconds: 0, nanos: 80_000_000 } });
  const jobId = run(contextId, "stubborn");
  await session.jobEvent(jobId, "running");
  const idle = await start({ idleTimeout: { seconds: 0, nanos: 80_000_000 } });
  await session.contextEvent(idle, "stopped");
  expect(session.contextStory(contextId)).toEqual(["running"]);
  cancel(jobId);
  await session.contextEvent(contextId, "stopped");
});

test("a context is refused when the node has not the memory, until another gave it back", async () => {
  const large = await start({ memoryBytes: 7000 * MEBIBYTE });
  const contextId = crypto.randomUUID();
  const settings = { ...ContextSettings.create(), memoryBytes: 2000 * MEBIBYTE };
  session.send({ $case: "startContext", value: { contextId, name: "second", settings, adHoc: false, firstSeq: 1 } });
  expect(await session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NO_ROOM });
  stop(large);
  await session.contextEvent(large, "stopped");
  await session.startContext(contextId, settings);
});

test("starting a context that is held tells again how it is", async () => {
  const contextId = await start();
  const other = await tested.openSession({ gatewayId: "gateway-2" });
  await other.startContext(contextId);
  expect(other.contextEvents(contextId)).toEqual(session.contextEvents(contextId));
});

test("stopping a context, or running a job in one, that the node does not hold is refused", async () => {
  const contextId = crypto.randomUUID();
  stop(contextId);
  expect(await session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
});
