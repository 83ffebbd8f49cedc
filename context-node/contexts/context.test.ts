import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ContextEvent,
  ContextSettings,
  JobError,
  JobError_Reason,
  type NamedObject,
  Refusal_Reason,
  type RunJob,
} from "../../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";

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

/** Starts a context with little memory and returns its id. */
async function start(settings: Partial<ContextSettings> = {}, options: { adHoc?: boolean } = {}): Promise<string> {
  const contextId = crypto.randomUUID();
  await session.startContext(contextId, { memoryBytes: MEBIBYTE, ...settings }, options);
  return contextId;
}

function run(contextId: string, entryPoint: string, command: Partial<RunJob> = {}, config: object = {}): string {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint, gracePeriodMs: 50, ...command }, config);
  return jobId;
}

function restart(contextId: string, wanted: { settings?: Partial<ContextSettings>; force?: boolean } = {}): void {
  const settings = wanted.settings && ContextSettings.create({ memoryBytes: MEBIBYTE, ...wanted.settings });
  session.send({ $case: "restartContext", value: { contextId, settings, force: wanted.force ?? false } });
}

let lastRequest = 0;

/** The named objects of a context, or the dropped one. Undefined when the node does not hold the context. */
async function objects(contextId: string, drop = ""): Promise<NamedObject[] | undefined> {
  const requestId = ++lastRequest;
  session.send({ $case: "objectsRequest", value: { requestId, contextId, drop } });
  const answer = await session.until("objects", () =>
    session.heard("objectsAnswer").find((answer) => answer.requestId === requestId),
  );
  return answer.error === "" ? answer.objects : undefined;
}

const stop = (contextId: string, how: { force?: boolean; drain?: boolean } = {}) =>
  session.send({ $case: "stopContext", value: { contextId, force: false, drain: false, ...how } });
const cancel = (jobId: string) => session.send({ $case: "cancelJob", value: { jobId } });

test("a context emits its start and its stop", async () => {
  const contextId = await start();
  stop(contextId);
  await session.contextEvent(contextId, "stopped");
  expect(session.contextEvents(contextId).map(({ seq, event }) => [seq, event?.$case])).toEqual([
    [1, "running"],
    [2, "stopping"],
    [3, "stopped"],
  ]);
});

test("jobs beyond the slots wait in order of priority and emit their positions", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const first = run(contextId, "stubborn");
  await session.jobEvent(first, "running");
  const second = run(contextId, "echo");
  const third = run(contextId, "echo");
  const urgent = run(contextId, "echo", { priority: 5 });
  expect((await session.jobEvent(urgent, "queued")).position).toBe(1);
  expect((await session.jobEvent(second, "queued")).position).toBe(2);
  expect((await session.jobEvent(third, "queued")).position).toBe(3);

  cancel(first);
  await session.final(third);
  expect(session.story(urgent)).toEqual(["queued", "succeeded"]);
  expect(session.jobEvents(urgent).at(-1)?.startTime).toEqual(expect.any(Date));
  expect(session.jobOrder("succeeded").filter((id) => [second, third, urgent].includes(id))).toEqual([
    urgent,
    second,
    third,
  ]);
});

test("a waiting job emits its position again when it has changed noticeably", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const first = run(contextId, "stubborn");
  const second = run(contextId, "stubborn");
  const third = run(contextId, "echo");
  await session.jobEvent(third, "queued");
  cancel(first);
  await session.final(first);
  await session.until("the new place", () => session.story(third)[1]);
  expect(session.jobEvents(third).map(({ event }) => event)).toEqual([
    { $case: "queued", value: { position: 2 } },
    { $case: "queued", value: { position: 1 } },
  ]);
  cancel(second);
  await session.final(third);
});

test("a job that gets a slot soon emits no position", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const jobs = [1, 2, 3].map(() => run(contextId, "echo"));
  for (const jobId of jobs) {
    await session.final(jobId);
    expect(session.story(jobId)).toEqual(["succeeded"]);
  }
});

test("a job is refused when the queue is full, or at once when it may not wait", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxQueuedJobs: 1 });
  run(contextId, "stubborn");
  const waiting = run(contextId, "echo");
  await session.jobEvent(waiting, "queued");
  const refused = run(contextId, "echo");
  expect(await session.refusal(refused)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
  const impatient = run(contextId, "echo", { noQueue: true });
  expect(await session.refusal(impatient)).toMatchObject({ reason: Refusal_Reason.QUEUE_FULL });
});

test("a context without a queue uses all its slots", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxQueuedJobs: 0 });
  await session.final(run(contextId, "echo", { noQueue: true }));
  await session.final(run(contextId, "echo"));
});

test("a waiting job is cancelled at once and never runs", async () => {
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

test("cancel frees the slot before it emits the end", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const first = run(contextId, "stubborn");
  await session.jobEvent(first, "running");
  cancel(first);
  await session.final(first);
  expect((await session.final(run(contextId, "echo", { noQueue: true }))).event.$case).toBe("succeeded");
});

test("jobs may arrive while their context starts", async () => {
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
  expect(session.story(jobId)).toEqual(["succeeded"]);
  expect(session.story(cancelled)).toEqual(["cancelled"]);
});

test("a context that cannot start fails with the reason, as do its jobs", async () => {
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

test("a context that is stopped during its start never runs", async () => {
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

const OUT_OF_MEMORY = { type: "outOfMemory", message: "over its limit of 1 MiB" } as const;

test("a sandbox that runs out of memory is replaced: its jobs fail with the reason, waiting jobs run in the next one", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  for (const name of ["b", "a"]) await session.final(run(contextId, "keep", {}, { name, value: 1 }));
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  const waiting = run(contextId, "echo");
  tested.runtime.crash(contextId, OUT_OF_MEMORY);
  expect((await session.final(running)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.OUT_OF_MEMORY, message: "over its limit of 1 MiB" } },
  });
  expect((await session.final(waiting)).event.$case).toBe("succeeded");
  expect(session.contextStory(contextId)).toEqual(["running", "restarting", "running"]);
  expect((await session.contextEvent(contextId, "restarting")).event?.value).toEqual({
    message: "over its limit of 1 MiB",
    reason: JobError_Reason.OUT_OF_MEMORY,
    lostObjects: ["a", "b"],
    lostObjectCount: 2,
    startTime: expect.any(Date),
  });
});

test("a sandbox that violates its protocol is replaced, and its jobs are not retried", async () => {
  const contextId = await start();
  const jobId = run(contextId, "stubborn", { maxAttempts: 5 });
  await session.jobEvent(jobId, "running");
  tested.runtime.crash(contextId, { type: "violated", message: "The sandbox violated its protocol" });
  expect((await session.final(jobId)).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.SANDBOX_VIOLATION, message: "The sandbox violated its protocol" } },
  });
  expect(session.story(jobId)).toEqual(["running", "failed"]);
  expect((await session.contextEvent(contextId, "restarting")).event?.value).toMatchObject({
    reason: JobError_Reason.SANDBOX_VIOLATION,
  });
});

test("a job that needs another sandbox blocks the others until its sandbox continues, and fails then", async () => {
  const contextId = await start({ maxJobsPerContext: 2 });
  const [running, refused] = [run(contextId, "stubborn"), run(contextId, "stubborn")];
  for (const jobId of [running, refused]) await session.jobEvent(jobId, "running");
  const calledOff = Promise.withResolvers<JobError>();
  tested.runtime.postpone(contextId, refused, calledOff.promise);
  const waiting = run(contextId, "echo");
  await objects(contextId);
  expect(session.story(waiting)).not.toContain("running");
  const error = JobError.create({ reason: JobError_Reason.LOAD_FAILED, message: "it took too long" });
  calledOff.resolve(error);
  expect((await session.final(refused)).event).toMatchObject({ $case: "failed", value: { error } });
  expect((await session.final(waiting)).event.$case).toBe("succeeded");
  expect(session.contextStory(contextId)).toEqual(["running"]);
});

test("a job that needs another sandbox runs in the next one", async () => {
  const contextId = await start();
  const jobId = run(contextId, "stubborn");
  await session.jobEvent(jobId, "running");
  tested.runtime.postpone(contextId, jobId, new Promise(() => {}));
  tested.runtime.crash(contextId, { type: "replaced", message: "a new version" });
  await session.until("the next run", () => session.story(jobId).filter((each) => each === "running")[1]);
  cancel(jobId);
  expect((await session.final(jobId)).event.$case).toBe("cancelled");
});

test("a context waits longer after each consecutive crash, and accepts jobs meanwhile", async () => {
  const contextId = await start();
  tested.runtime.crash(contextId, OUT_OF_MEMORY);
  await session.until("the second sandbox", () => session.contextStory(contextId)[2]);
  tested.runtime.crash(contextId, OUT_OF_MEMORY);
  await session.until("the second death", () => session.contextStory(contextId)[3]);
  const jobId = run(contextId, "echo", { noQueue: true });
  expect((await session.final(jobId)).event.$case).toBe("succeeded");
  const deaths = session.contextEvents(contextId).filter(({ event }) => event?.$case === "restarting");
  expect(deaths.map(({ time, event }) => delayOf(time, event))).toEqual([0, 1000]);
});

/** From the event until the start that it announces, in whole seconds as milliseconds. */
function delayOf(time: Date | undefined, event: ContextEvent["event"]): number {
  const startTime = event?.$case === "restarting" ? event.value.startTime : undefined;
  // The event is created a moment later.
  return Math.round((Number(startTime) - Number(time)) / 1000) * 1000;
}

test("an ad hoc context gets no second sandbox", async () => {
  const contextId = await start({}, { adHoc: true });
  tested.runtime.crash(contextId, OUT_OF_MEMORY);
  const { event } = await session.contextEvent(contextId, "failed");
  expect(event?.value).toEqual({ message: "over its limit of 1 MiB", reason: JobError_Reason.OUT_OF_MEMORY });
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
});

test("a restart with other settings cancels running jobs and runs waiting ones in the new sandbox", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  await session.final(run(contextId, "keep", {}, { name: "a", value: 1 }));
  const running = run(contextId, "cooperative", { gracePeriodMs: 10_000 });
  await session.jobEvent(running, "running");
  const waiting = [run(contextId, "stubborn"), run(contextId, "stubborn")];
  restart(contextId, { settings: { maxJobsPerContext: 2 } });
  for (const jobId of waiting) await session.jobEvent(jobId, "running");
  expect((await session.final(running)).event).toMatchObject({
    $case: "cancelled",
    value: {
      error: { message: "The job was cancelled because its context was restarted; it stopped by itself" },
    },
  });
  expect(session.contextStory(contextId)).toEqual(["running", "restarting", "running"]);
  expect((await session.contextEvent(contextId, "restarting")).event?.value).toMatchObject({
    message: "It was asked to restart",
    reason: JobError_Reason.REASON_UNSPECIFIED,
    lostObjects: ["a"],
  });
  expect(await objects(contextId)).toEqual([]);
});

test("a forced restart gives jobs no grace period", async () => {
  const contextId = await start();
  const jobId = run(contextId, "stubborn", { gracePeriodMs: 3_600_000 });
  await session.jobEvent(jobId, "running");
  restart(contextId, { force: true });
  expect((await session.final(jobId)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
  await session.until("the new sandbox", () => session.contextStory(contextId)[2]);
});

test("a restart cuts the back-off of a crashing context short", async () => {
  const contextId = await start();
  for (const lives of [1, 2, 3]) {
    tested.runtime.crash(contextId, OUT_OF_MEMORY);
    await session.until("its death", () => session.contextStory(contextId)[2 * lives - 1]);
    restart(contextId);
    await session.until(
      "its restart",
      () => session.contextStory(contextId).filter((type) => type === "running")[lives],
    );
  }
});

test("a context that is stopped while it restarts stops", async () => {
  const contextId = await start();
  const jobId = run(contextId, "stubborn", { gracePeriodMs: 3_600_000 });
  await session.jobEvent(jobId, "running");
  restart(contextId);
  await session.contextEvent(contextId, "restarting");
  const waiting = run(contextId, "echo");
  stop(contextId, { force: true });
  await session.contextEvent(contextId, "stopped");
  expect(session.contextStory(contextId)).toEqual(["running", "restarting", "stopping", "stopped"]);
  expect((await session.final(waiting)).event.$case).toBe("cancelled");
});

test("restarting a context that the node does not hold, or lacks memory for, is refused", async () => {
  const unknown = crypto.randomUUID();
  restart(unknown);
  expect(await session.refusal(unknown)).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
  const contextId = await start();
  restart(contextId, { settings: { memoryBytes: 9000 * MEBIBYTE } });
  expect(await session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NO_ROOM });
  expect(session.contextStory(contextId)).toEqual(["running"]);
});

test("the named objects of a context are listed and dropped", async () => {
  const contextId = await start();
  for (const name of ["a", "b"]) await session.final(run(contextId, "keep", {}, { name, value: "12" }));
  expect(await objects(contextId)).toEqual([
    expect.objectContaining({ name: "a", sizeBytes: 4, createTime: expect.any(Date), expireTime: undefined }),
    expect.objectContaining({ name: "b", sizeBytes: 4, createTime: expect.any(Date), expireTime: undefined }),
  ]);
  expect((await objects(contextId, "a"))?.map(({ name }) => name)).toEqual(["a"]);
  expect(await objects(contextId, "a")).toEqual([]);
  expect((await objects(contextId))?.map(({ name }) => name)).toEqual(["b"]);
  expect(await objects(crypto.randomUUID())).toBeUndefined();
});

test("a context stops after the most jobs that it may accept", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxJobs: 3 });
  const first = run(contextId, "stubborn");
  const others = [run(contextId, "echo"), run(contextId, "echo")];
  await session.contextEvent(contextId, "stopping");
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.DRAINING });
  cancel(first);
  for (const jobId of others) expect((await session.final(jobId)).event.$case).toBe("succeeded");
  await session.contextEvent(contextId, "stopped");
});

test("a context that reaches its age accepts no more jobs, finishes its own, and stops", async () => {
  const contextId = await start({ maxAge: { seconds: 1, nanos: 0 } });
  const jobId = run(contextId, "stubborn");
  await session.contextEvent(contextId, "stopping");
  expect(session.story(jobId)).toEqual(["running"]);
  cancel(jobId);
  await session.contextEvent(contextId, "stopped");
});

test("a draining context whose sandbox dies finishes its jobs in another one", async () => {
  const contextId = await start({ maxJobsPerContext: 1, maxJobs: 2 });
  run(contextId, "stubborn");
  const last = run(contextId, "echo");
  await session.contextEvent(contextId, "stopping");
  tested.runtime.crash(contextId, OUT_OF_MEMORY);
  expect((await session.final(last)).event.$case).toBe("succeeded");
  await session.contextEvent(contextId, "stopped");
});

test("a drained context accepts no more jobs, finishes its own, and stops", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  const waiting = run(contextId, "echo");
  stop(contextId, { drain: true });
  await session.contextEvent(contextId, "stopping");
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.DRAINING });
  expect(session.story(running)).toEqual(["running"]);
  cancel(running);
  expect((await session.final(waiting)).event.$case).toBe("succeeded");
  await session.contextEvent(contextId, "stopped");
});

test("a stop cuts a drain short", async () => {
  const contextId = await start();
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  stop(contextId, { drain: true });
  await session.contextEvent(contextId, "stopping");
  stop(contextId, { force: true });
  await session.contextEvent(contextId, "stopped");
  expect(session.story(running)).toEqual(["running", "cancelling", "cancelled"]);
});

test("stopping a context cancels its jobs with their grace periods", async () => {
  const contextId = await start({ maxJobsPerContext: 1 });
  const running = run(contextId, "stubborn");
  await session.jobEvent(running, "running");
  const waiting = run(contextId, "echo");
  stop(contextId);
  await session.contextEvent(contextId, "stopped");
  expect(session.story(running)).toEqual(["running", "cancelling", "cancelled"]);
  expect(session.story(waiting)).toEqual(["cancelled"]);
  expect((await session.final(running)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
});

test("a forced stop cuts a running grace period short", async () => {
  const contextId = await start();
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 3_600_000 });
  await session.jobEvent(jobId, "running");
  stop(contextId);
  await session.jobEvent(jobId, "cancelling");
  stop(contextId, { force: true });
  await session.contextEvent(contextId, "stopped");
  expect(session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
});

test("a stopping context refuses jobs", async () => {
  const contextId = await start();
  await session.jobEvent(run(contextId, "stubborn"), "running");
  stop(contextId);
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.DRAINING });
});

test("an ad hoc context stops after its job", async () => {
  const contextId = await start({}, { adHoc: true });
  const jobId = run(contextId, "echo");
  await session.contextEvent(contextId, "stopped");
  expect(session.story(jobId)).toEqual(["succeeded"]);
});

test("a context with stopOnJobError stops when a job fails", async () => {
  const contextId = await start({ stopOnJobError: true });
  await session.final(run(contextId, "echo"));
  expect(session.contextStory(contextId)).toEqual(["running"]);
  run(contextId, "fail");
  await session.contextEvent(contextId, "stopped");
});

test("a context with stopOnJobError stops when a job's config is refused", async () => {
  const contextId = await start({ stopOnJobError: true });
  const jobId = run(contextId, "strict");
  await session.contextEvent(contextId, "stopped");
  expect(session.story(jobId)).toContain("rejected");
});

test("a context without jobs stops after its idle timeout", async () => {
  const contextId = await start({ idleTimeout: { seconds: 1, nanos: 0 } });
  const jobId = run(contextId, "stubborn");
  await session.jobEvent(jobId, "running");
  const idle = await start({ idleTimeout: { seconds: 1, nanos: 0 } });
  await session.contextEvent(idle, "stopped");
  expect(session.contextStory(contextId)).toEqual(["running"]);
  cancel(jobId);
  await session.contextEvent(contextId, "stopped");
});

test("a context is refused until the node has the memory", async () => {
  const large = await start({ memoryBytes: 7000 * MEBIBYTE });
  const contextId = crypto.randomUUID();
  const settings = { ...ContextSettings.create(), memoryBytes: 2000 * MEBIBYTE };
  session.send({ $case: "startContext", value: { contextId, name: "second", settings, adHoc: false, firstSeq: 1 } });
  expect(await session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NO_ROOM });
  stop(large);
  await session.contextEvent(large, "stopped");
  await session.startContext(contextId, settings);
});

test("starting a context that is held emits its state again", async () => {
  const contextId = await start();
  const other = await tested.openSession({ gatewayId: "gateway-2" });
  await other.startContext(contextId);
  expect(other.contextEvents(contextId)).toEqual(session.contextEvents(contextId));
});

test("commands for a context that the node does not hold are refused", async () => {
  const contextId = crypto.randomUUID();
  stop(contextId);
  expect(await session.refusal(contextId)).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
  expect(await session.refusal(run(contextId, "echo"))).toMatchObject({ reason: Refusal_Reason.NOT_HELD });
});
