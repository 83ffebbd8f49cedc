import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Job, Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
export const echo = ({ config }) => config;

/** Ends when its signal is aborted. */
export const cooperative = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** Never yields to the event loop. */
export const loop = () => { for (;;); };

/** Its validation uses 0.7 s of a timeout of 1 s; the job then ends when its signal is aborted. The time itself is what the test measures. */
export const slow = { validate: () => new Promise((resolve) => setTimeout(resolve, 700)), run: cooperative };

/** Loops before it runs. */
export const pondering = { validate: () => { for (;;); }, run() {} };

/** Blocks its thread. */
export const blocked = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

/** Never ends, and ignores its signal. */
export const deaf = () => new Promise(() => {});
`;

let hearth: Hearth;
let rest: Rest;
/** A client of the other gateway. */
let other: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2 });
  [rest, other] = hearth.urls.map((url) => createRest(url)) as [Rest, Rest];
  await rest.upload("jobs", JOBS);
  await rest.createContext("shared", { maxJobsPerContext: 8 });
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

function submit(entryPoint: string, spec: object = {}): Promise<Job> {
  return rest.submit({ binary: "jobs", entryPoint, context: "shared", ...spec });
}

async function cancel(id: string, through = rest): Promise<unknown> {
  const { status, body } = await through.call("POST", `/v1/jobs/${id}:cancel`, {});
  expect({ id, status, body }).toMatchObject({ status: 200 });
  return body;
}

describe("cancel of a running job", () => {
  test("ends it without force when it stops at its signal, before the grace period is over", async () => {
    const { id } = await submit("cooperative", { gracePeriod: "60s" });
    await rest.untilState(id, Job_State.RUNNING);
    expect(await cancel(id)).toMatchObject({
      state: "CANCELLED",
      error: { reason: "CANCELLED", message: "The job was cancelled; it stopped by itself" },
    });
  });

  test.each(["loop", "blocked", "deaf"])("terminates it when it ignores its signal: %s", async (entryPoint) => {
    const neighbour = await submit("cooperative");
    await rest.untilState(neighbour.id, Job_State.RUNNING);
    const { id } = await submit(entryPoint, { gracePeriod: "0.2s" });
    await rest.untilState(id, Job_State.RUNNING);
    expect(await cancel(id)).toMatchObject({
      state: "CANCELLED",
      error: {
        reason: "CANCELLED_BY_FORCE",
        message: "The job was cancelled; it did not stop by itself and its executor was terminated",
      },
    });
    expect(await rest.job(neighbour.id)).toMatchObject({ state: Job_State.RUNNING });
    await cancel(neighbour.id);
  });

  test("terminates it when it loops at once on a reused executor", async () => {
    await rest.createContext("single", { maxJobsPerContext: 1 });
    for (let round = 0; round < 3; round++) {
      await rest.run({ binary: "jobs", entryPoint: "echo", context: "single" });
      const { id } = await submit("loop", { context: "single", gracePeriod: "0s" });
      await rest.untilState(id, Job_State.RUNNING);
      expect(await cancel(id)).toMatchObject({ state: "CANCELLED" });
    }
  });

  test("frees its slot before it returns", async () => {
    await rest.createContext("narrow", { maxJobsPerContext: 1, maxQueuedJobs: 0 });
    const { id } = await submit("loop", { context: "narrow", gracePeriod: "0.1s" });
    await cancel(id);
    const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "narrow", noQueue: true });
    expect(job.state).toBe(Job_State.SUCCEEDED);
  });
});

test("a job over its timeout fails with DEADLINE_EXCEEDED", async () => {
  const spec = { binary: "jobs", context: "shared", timeout: "0.2s" };
  const polite = await rest.run({ ...spec, entryPoint: "cooperative", gracePeriod: "60s" });
  expect(polite.job).toMatchObject({
    state: Job_State.FAILED,
    error: {
      reason: JobError_Reason.DEADLINE_EXCEEDED,
      message: "The job ran longer than its timeout of 200 ms; it stopped by itself",
    },
  });
  const forced = await rest.run({ ...spec, entryPoint: "loop", gracePeriod: "0.1s", maxAttempts: 3 });
  expect(forced.job).toMatchObject({
    state: Job_State.FAILED,
    attempt: 1,
    error: { reason: JobError_Reason.DEADLINE_EXCEEDED, message: expect.stringContaining("was terminated") },
  });
});

test("a job's timeout begins when validate is called", async () => {
  const spec = { binary: "jobs", context: "shared", timeout: "0.2s", gracePeriod: "0.1s" };
  const { job } = await rest.run({ ...spec, entryPoint: "pondering" });
  expect(job).toMatchObject({
    state: Job_State.FAILED,
    error: {
      reason: JobError_Reason.DEADLINE_EXCEEDED,
      message:
        "The job ran longer than its timeout of 200 ms; it did not stop by itself and its executor was terminated",
    },
  });
  expect(job.startTime).toBeUndefined();
  // What loading may take longer was not waited for.
  expect(milliseconds(job.createTime, job.endTime)).toBeLessThan(5_000);
});

test("a job's timeout does not restart when validate returns", async () => {
  const { job } = await rest.run({ binary: "jobs", context: "shared", entryPoint: "slow", timeout: "1s" });
  expect(job.error?.message).toBe("The job ran longer than its timeout of 1000 ms; it stopped by itself");
  expect(milliseconds(job.startTime, job.endTime)).toBeLessThan(1_000);
});

function milliseconds(from: Timestamp | undefined, to: Timestamp | undefined): number {
  return from && to ? timestampMs(to) - timestampMs(from) : Number.NaN;
}

test("a job whose program never finishes loading fails after its timeout and the time for loading", async () => {
  await rest.upload("endless", "for (;;);\nexport const job = () => 1;");
  const spec = { binary: "endless", context: "shared", timeout: "0.2s", gracePeriod: "0s" };
  expect((await rest.run(spec)).job).toMatchObject({
    state: Job_State.FAILED,
    error: {
      reason: JobError_Reason.DEADLINE_EXCEEDED,
      message:
        "The job was not loaded within 5200 ms, its timeout and what loading may take beyond it; it did not stop by itself and its executor was terminated",
    },
  });
});

describe("cancel has one outcome", () => {
  test("when it is called twice and through two gateways at once", async () => {
    const { id } = await submit("loop", { gracePeriod: "0.2s" });
    await rest.untilState(id, Job_State.RUNNING);
    const answers = await Promise.all([cancel(id), cancel(id, other), cancel(id), cancel(id, other)]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ state: "CANCELLED" });
  });

  test("when the job has ended: the job is unchanged", async () => {
    const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "shared" });
    for (const through of [rest, other]) expect(await cancel(job.id, through)).toMatchObject({ state: "SUCCEEDED" });
  });

  test("when the job waits: it never runs", async () => {
    await rest.createContext("busy", { maxJobsPerContext: 1 });
    const running = await submit("deaf", { context: "busy", gracePeriod: "0s" });
    const { id } = await submit("echo", { context: "busy" });
    const cancelled = await cancel(id, other);
    expect(cancelled).toMatchObject({
      state: "CANCELLED",
      error: { message: "The job was cancelled while it waited; it did not run" },
    });
    expect(cancelled).not.toHaveProperty("startTime");
    await cancel(running.id);
  });

  test("when there is no such job", async () => {
    const { status } = await rest.call("POST", `/v1/jobs/${crypto.randomUUID()}:cancel`, {});
    expect(status).toBe(404);
  });
});
