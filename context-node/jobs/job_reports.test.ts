import { afterAll, beforeAll, expect, test } from "vitest";
import { JobError_Reason, LogLine_Level } from "../../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";
import type { Script } from "../../test/node/script.ts";

/** Reports progress until it is cancelled. */
const ticking: Script = {
  async run({ signal, progress }) {
    for (let tick = 1; !signal.aborted; tick++) {
      progress(1 - 1 / tick);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    progress(1);
  },
};

/** Returns many problems with its config's `text`, so that they are truncated. */
const problems: Script = { validate: ({ text }) => Array.from({ length: 30 }, () => String(text)), run() {} };

let nats: TestNatsServer;
let tested: TestNode;
let session: GatewaySession;
let contextId: string;

beforeAll(async () => {
  nats = await startTestNatsServer();
  tested = await startTestNode({ natsUrl: nats.url, scripts: { ticking, problems } });
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

test("the progress of a short job is part of its final event", async () => {
  const jobId = run("steps", { steps: 500 });
  await session.final(jobId);
  expect(session.story(jobId)).toEqual(["succeeded"]);
  expect(session.jobEvents(jobId).map(({ lastProgress }) => lastProgress)).toEqual([
    { fraction: 1, message: "step 500", fields: { step: 500 }, stages: [] },
  ]);
});

test("progress is emitted at most ten times per second, the rest with the final event", async () => {
  const jobId = run("ticking", {}, { gracePeriodMs: 60_000 });
  const reports = await session.until("four reports", () => {
    const told = session.jobEvents(jobId).filter(({ event }) => event?.$case === "progress");
    return told.length < 4 ? undefined : told;
  });
  cancel(jobId);
  await session.final(jobId);
  const fractions = reports.map(({ event }) => (event?.$case === "progress" ? event.value.fraction : 1));
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  const times = reports.map(({ time }) => Number(time));
  // A timer may be a millisecond early on the clock of the events.
  for (const [n, time] of times.slice(1).entries()) expect(time - (times[n] ?? 0)).toBeGreaterThan(95);
  expect(session.jobEvents(jobId).at(-1)?.lastProgress?.fraction).toBe(1);
  expect(fractions.at(-1)).toBeLessThan(1);
});

test.each([
  { maxAttempts: 3, attempt: 1, delayMs: 10_000 },
  { maxAttempts: 3, attempt: 2, delayMs: 20_000 },
])("attempt $attempt of $maxAttempts that throws emits the time of the next one", async (attempt) => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "fail", retryDelayMs: 10_000, ...attempt }, { message: "no luck" });
  const retrying = await session.jobEvent(jobId, "retrying");
  const time = session.jobEvents(jobId).at(-1)?.time;
  expect(retrying.error).toMatchObject({ reason: JobError_Reason.THROWN, message: "no luck" });
  expect(retrying.startTime).toEqual(expect.any(Date));
  expect(Math.abs(Number(retrying.nextAttemptTime) - Number(time) - attempt.delayMs)).toBeLessThan(5_000);
  expect(session.story(jobId)).toEqual(["retrying"]);
});

test.each([
  { what: "the last attempt", entryPoint: "fail", attempt: 3 },
  { what: "an attempt that was asked to end", entryPoint: "cooperative", isCancelled: true },
  { what: "a job over its timeout", entryPoint: "stubborn", timeoutMs: 50, gracePeriodMs: 50 },
  { what: "a refused config", entryPoint: "strict" },
  { what: "a job without such an entry point", entryPoint: "nowhere" },
])("$what is not followed by another attempt", async ({ what: _, isCancelled, ...command }) => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, attempt: 1, maxAttempts: 3, ...command });
  if (isCancelled) {
    await session.jobEvent(jobId, "running");
    cancel(jobId);
  }
  await session.final(jobId);
  expect(session.story(jobId)).not.toContain("retrying");
});

test("an ended attempt is held until its last event is acknowledged, while the next one may run", async () => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "fail", attempt: 1, maxAttempts: 2 });
  await session.jobEvent(jobId, "retrying");
  session.runJob({ jobId, contextId, entryPoint: "echo", attempt: 2, maxAttempts: 2, firstSeq: 2 });
  await session.final(jobId);
  expect(session.jobEvents(jobId).map(({ attempt, seq, event }) => [attempt, seq, event?.$case])).toEqual([
    [1, 1, "retrying"],
    [2, 2, "succeeded"],
  ]);
});

test("a result over the node's limit fails the job", async () => {
  await using small = await startTestNode({ natsUrl: nats.url, maxResultBytes: 1000 });
  const own = await small.openSession();
  await own.startContext(contextId);
  const jobId = crypto.randomUUID();
  own.runJob({ jobId, contextId, entryPoint: "large", maxAttempts: 2, attempt: 1 }, { length: 1000 });
  expect((await own.final(jobId)).event).toMatchObject({
    $case: "failed",
    value: {
      error: {
        reason: JobError_Reason.RESULT_TOO_LARGE,
        message: "The result has 1002 bytes of JSON; a job may return 1000",
      },
    },
  });
});

test("an error that grows in JSON still fits into an event", async () => {
  const jobId = run("problems", { text: "\u0001".repeat(16_000) });
  const { event } = await session.final(jobId);
  const error = event.$case === "rejected" ? event.value.error : undefined;
  expect(error?.problems).toHaveLength(20);
  expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThan(300 * 1024);
});

test("lines of a log are numbered and batched", async () => {
  const jobId = run("chatty", { lines: 300, length: 10 });
  await session.final(jobId);
  const batches = session
    .jobEvents(jobId)
    .flatMap(({ event }) => (event?.$case === "logged" ? [event.value.lines] : []));
  expect(session.story(jobId)).toEqual(["running", "logged", "succeeded"]);
  expect(batches.flat().map(({ number, attempt }) => [number, attempt])).toEqual(
    Array.from({ length: 300 }, (_, index) => [index + 1, 1]),
  );
});

test.each([
  { what: "lines", config: { lines: 20_000, length: 10 }, kept: 10_000 },
  { what: "bytes", config: { lines: 2_000, length: 1024 }, kept: 1024 },
])("a log with too many $what is truncated with a notice", async ({ config, kept }) => {
  const jobId = run("chatty", config);
  await session.final(jobId);
  const lines = session.jobEvents(jobId).flatMap(({ event }) => (event?.$case === "logged" ? event.value.lines : []));
  expect(lines.length).toBe(kept + 1);
  expect(lines.at(-1)).toMatchObject({
    number: kept + 1,
    level: LogLine_Level.WARN,
    text: expect.stringMatching("^The log was cut here"),
  });
});

test("a line that is too long is truncated", async () => {
  const jobId = run("chatty", { lines: 1, length: 40_000 });
  await session.final(jobId);
  const [line] = (await session.jobEvent(jobId, "logged")).lines;
  expect(line?.text).toMatch(/^1 \.{16382} … \(cut: the line has 40000 bytes\)$/);
});

test.each([
  { length: 100_000, isInline: true },
  { length: 3_000_000, isInline: false },
])("a result of $length bytes is sent with its event or fetched by its digest", async ({ length, isInline }) => {
  const jobId = run("large", { length });
  const expected = `"${"x".repeat(length)}"`;
  const { event, result } = await session.final(jobId);
  const told = event.$case === "succeeded" ? event.value.result : undefined;
  expect(result).toBe(isInline ? JSON.parse(expected) : undefined);
  expect(told?.digest === "").toBe(isInline);
  expect(told?.sizeBytes).toBe(expected.length);
  if (told !== undefined && !isInline) expect(Buffer.from(await session.fetch(told.digest)).toString()).toBe(expected);
});

test("a result that is not kept cannot be fetched", async () => {
  await expect(session.fetch(`sha256:${"0".repeat(64)}`)).rejects.toThrow("no such content");
});
