import { afterAll, beforeAll, expect, test } from "vitest";
import { JobError_Reason } from "../../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";
import type { Script } from "../../test/node/script.ts";

/** Returns many problems with its config's `text`, so that they are truncated. */
const problems: Script = { validate: ({ text }) => Array.from({ length: 30 }, () => String(text)), run() {} };

let nats: TestNatsServer;
let tested: TestNode;
let session: GatewaySession;
let contextId: string;

beforeAll(async () => {
  nats = await startTestNatsServer();
  tested = await startTestNode({ natsUrl: nats.url, scripts: { problems } });
  session = await tested.openSession();
  contextId = crypto.randomUUID();
  await session.startContext(contextId);
});

afterAll(async () => {
  await tested[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

/** Runs a job in the shared context and returns its id. */
function run(
  entryPoint: string,
  config: unknown = {},
  command: { timeoutMs?: number; gracePeriodMs?: number } = {},
): string {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint, ...command }, config);
  return jobId;
}

function cancel(jobId: string): void {
  session.send({ $case: "cancelJob", value: { jobId } });
}

test("a job that ends within 50 ms emits one event with its start and its result", async () => {
  const jobId = run("echo", { a: [1, "two"] });
  expect(await session.final(jobId)).toEqual({
    event: {
      $case: "succeeded",
      value: { result: { mediaType: "application/json", sizeBytes: 15, digest: "" }, value: undefined },
    },
    result: { a: [1, "two"] },
  });
  expect(session.jobEvents(jobId)).toMatchObject([
    { jobId, seq: 1, attempt: 1, nodeId: tested.node.id, contextId, startTime: expect.any(Date) },
  ]);
});

test("a longer job emits `running` before its other events", async () => {
  const jobId = run("cooperative");
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  await session.final(jobId);
  expect(session.jobEvents(jobId).map(({ seq, event }) => [seq, event?.$case])).toEqual([
    [1, "running"],
    [2, "cancelling"],
    [3, "cancelled"],
  ]);
  const [running, , cancelled] = session.jobEvents(jobId);
  // It was sent later.
  expect(running?.time).toEqual(cancelled?.startTime);
});

test("a job that is cancelled at its start emits its events in order", async () => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "cooperative", confirm: true });
  const started = await session.until("start", () => session.heard("jobStarted").find((each) => each.jobId === jobId));
  cancel(jobId);
  const { event } = await session.final(jobId);
  expect(started).toEqual({ jobId, attempt: 1, time: expect.any(Date) });
  expect(session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
  expect(event.$case).toBe("cancelled");
});

test("the events of a later attempt are numbered from firstSeq", async () => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "cooperative", attempt: 3, firstSeq: 17 });
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  await session.final(jobId);
  expect(session.jobEvents(jobId).map(({ attempt, seq }) => [attempt, seq])).toEqual([
    [3, 17],
    [3, 18],
    [3, 19],
  ]);
});

test("a job that returns undefined has an empty result", async () => {
  const jobId = run("nothing");
  const { event, result } = await session.final(jobId);
  expect(result).toBeUndefined();
  expect(event.value).toMatchObject({ result: { sizeBytes: 0, digest: "" } });
});

test("a job gets the bundle by its digest", async () => {
  expect((await session.final(run("bundle"))).result).toBe("export const job = () => 1;");
});

test("a job that throws fails with its error", async () => {
  const { event } = await session.final(run("fail", { message: "no luck" }));
  expect(event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.THROWN, name: "TypeError", message: "no luck" } },
  });
});

test("an error that is too long for an event is truncated", async () => {
  const { event } = await session.final(run("fail", { message: "x".repeat(2_000_000) }));
  const error = event.$case === "failed" ? event.value.error : undefined;
  expect(error?.message).toMatch(/^x{16384} … \(cut: 2000000 characters\)$/);
});

test("a job whose config is refused never runs", async () => {
  const jobId = run("strict", {});
  expect((await session.final(jobId)).event).toMatchObject({
    $case: "rejected",
    value: { error: { reason: JobError_Reason.INVALID_CONFIG, problems: ["No string config param"] } },
  });
  expect(session.story(jobId)).toEqual(["rejected"]);
});

test("a job whose result is not JSON fails alone", async () => {
  expect((await session.final(run("broken"))).event).toMatchObject({
    $case: "failed",
    value: { error: { reason: JobError_Reason.THROWN, message: "The result of the job is not JSON" } },
  });
});

test("a job that handles its signal is cancelled without termination", async () => {
  const jobId = run("cooperative");
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  expect((await session.final(jobId)).event).toMatchObject({
    $case: "cancelled",
    value: { error: { reason: JobError_Reason.CANCELLED } },
  });
  expect(session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
  expect(await session.jobEvent(jobId, "cancelling")).toEqual({ reason: JobError_Reason.CANCELLED });
});

test("a job that ignores its signal is terminated after its grace period", async () => {
  const jobId = run("stubborn", {}, { gracePeriodMs: 150 });
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  expect((await session.final(jobId)).event).toMatchObject({
    $case: "cancelled",
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
  const [, cancelling, cancelled] = session.jobEvents(jobId).map(({ time }) => Number(time));
  expect((cancelled ?? 0) - (cancelling ?? 0)).toBeGreaterThan(140);
});

test("a job without a grace period is terminated at once", async () => {
  const jobId = run("stubborn", {}, { gracePeriodMs: 0 });
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  expect((await session.final(jobId)).event).toMatchObject({
    value: { error: { reason: JobError_Reason.CANCELLED_BY_FORCE } },
  });
});

test("a job that returns after its signal was aborted succeeds", async () => {
  const jobId = run("polite");
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  expect(await session.final(jobId)).toMatchObject({ event: { $case: "succeeded" }, result: "ended: cancelled" });
  expect(session.story(jobId)).toEqual(["running", "cancelling", "succeeded"]);
});

test("a second cancel has no effect", async () => {
  const jobId = run("stubborn", {}, { gracePeriodMs: 100 });
  await session.jobEvent(jobId, "running");
  cancel(jobId);
  cancel(jobId);
  await session.final(jobId);
  cancel(jobId);
  expect(session.story(jobId)).toEqual(["running", "cancelling", "cancelled"]);
});

test("cancelling a job that the node does not hold is refused", async () => {
  const jobId = crypto.randomUUID();
  cancel(jobId);
  expect(await session.refusal(jobId)).toEqual({
    id: jobId,
    reason: 1,
    message: `The node does not hold job "${jobId}"`,
  });
});

test.each([
  { entryPoint: "cooperative", how: "it stopped by itself" },
  { entryPoint: "stubborn", how: "it did not stop by itself and its executor was terminated" },
])("a $entryPoint job that exceeds its timeout fails with the reason", async ({ entryPoint, how }) => {
  const jobId = run(entryPoint, {}, { timeoutMs: 60, gracePeriodMs: 60 });
  const { event } = await session.final(jobId);
  expect(event).toMatchObject({
    $case: "failed",
    value: {
      error: {
        reason: JobError_Reason.DEADLINE_EXCEEDED,
        message: `The job ran longer than its timeout of 60 ms; ${how}`,
      },
    },
  });
  expect(session.story(jobId)).toEqual(["running", "cancelling", "failed"]);
  expect(await session.jobEvent(jobId, "cancelling")).toEqual({ reason: JobError_Reason.DEADLINE_EXCEEDED });
});
