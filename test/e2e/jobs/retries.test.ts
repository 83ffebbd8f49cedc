import { afterAll, beforeAll, expect, test } from "vitest";
import { type Job, Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
let calls = 0;

/** Throws the first \`failures\` times that this executor runs it. */
export function flaky({ config }) {
  calls += 1;
  if (calls <= config.failures) throw new TypeError("call " + calls);
  return calls;
}

/** Fills the memory the first time that the context runs it; a named object would be gone with the process. */
export async function greedy({ config, data }) {
  if ((await data.list()).includes(config.flag)) return "modest";
  const hoard = [];
  for (;;) hoard.push(new Uint8Array(8_000_000).fill(1));
}

export const never = () => { throw new Error("never"); };
`;

let hearth: Hearth;
let rest: Rest;
/** A client of the other gateway. */
let other: Rest;

beforeAll(async () => {
  ({ hearth, rest, other } = await start());
});

afterAll(() => hearth[Symbol.asyncDispose]());

async function start(): Promise<{ hearth: Hearth; rest: Rest; other: Rest }> {
  const hearth = await startHearth({ gateways: 2 });
  const [rest, other] = hearth.urls.map((url) => createRest(url)) as [Rest, Rest];
  await rest.upload("jobs", JOBS);
  return { hearth, rest, other };
}

function untilFinal(rest: Rest, id: string): Promise<Job> {
  return untilJob(rest, id, ({ state }) => state >= Job_State.SUCCEEDED);
}

async function untilJob(rest: Rest, id: string, condition: (job: Job) => boolean): Promise<Job> {
  let job = await rest.job(id);
  await until(`job ${id} is as wanted; it is ${Job_State[job.state]}`, async () => {
    job = await rest.job(id);
    return condition(job);
  });
  return job;
}

const isWaiting = ({ nextAttemptTime }: Job): boolean => nextAttemptTime !== undefined;

test("a job that fails twice succeeds at its third attempt and lists the failed ones", async () => {
  await rest.createContext("shared", { maxJobsPerContext: 1 });
  const spec = { binary: "jobs", entryPoint: "flaky", context: "shared", maxAttempts: 4, retryDelay: "0.05s" };
  const { job, result } = await rest.run({ ...spec, config: { failures: 2 } });
  expect(result).toBe(3);
  expect(job).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 3 });
  expect(isWaiting(job)).toBe(false);
  expect(job.attempts).toMatchObject(
    [1, 2].map((number) => ({
      number,
      nodeId: expect.any(String),
      startTime: expect.anything(),
      endTime: expect.anything(),
      error: { reason: JobError_Reason.THROWN, message: `call ${number}` },
    })),
  );
  expect((await rest.job(job.id)).attempts).toEqual(job.attempts);
});

test("a job that fails at each attempt ends with the last error", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "never", maxAttempts: 2, retryDelay: "0.05s" });
  expect(job).toMatchObject({ state: Job_State.FAILED, attempt: 2, error: { message: "never" } });
  expect(job.attempts).toMatchObject([{ number: 1, error: { message: "never" } }]);
});

test("a job with a context of its own is retried in a new one", async () => {
  const spec = { binary: "jobs", entryPoint: "never", maxAttempts: 2, retryDelay: "0.3s" };
  const { id, contextId: first } = await rest.submit(spec);
  const { contextId: second, attempt } = await untilFinal(rest, id);
  expect(attempt).toBe(2);
  expect(second).not.toBe(first);
  for (const context of [first, second]) {
    await until("the context is gone", async () => {
      const { body } = await rest.call("GET", `/v1/contexts/${context}`);
      return (body as { state?: string }).state === "STOPPED";
    });
  }
});

test("a job that waits for its next attempt is cancelled at once", async () => {
  const spec = { binary: "jobs", entryPoint: "never", maxAttempts: 2, retryDelay: "600s" };
  const { id } = await rest.submit(spec);
  const waiting = await untilJob(rest, id, isWaiting);
  expect(waiting).toMatchObject({ state: Job_State.QUEUED, attempt: 1, attempts: [{ number: 1 }] });
  const { status, body } = await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
  expect({ status, body }).toMatchObject({ status: 200, body: { state: "CANCELLED", attempt: 1 } });
  expect(isWaiting(await rest.job(id))).toBe(false);
});

test("jobs that wait for their next attempt are cancelled through another gateway, and calls that wait for them return", async () => {
  const spec = { binary: "jobs", entryPoint: "never", maxAttempts: 2, retryDelay: "600s" };
  // Either gateway may be the one that NATS tells of a cancellation.
  const runs = Array.from({ length: 4 }, () => rest.run(spec));
  let ids: string[] = [];
  await until("the jobs are stored", async () => {
    const { body } = await other.call("GET", "/v1/jobs");
    const { jobs = [] } = body as { jobs?: { id: string; nextAttemptTime?: string }[] };
    ids = jobs.filter(({ nextAttemptTime }) => nextAttemptTime !== undefined).map(({ id }) => id);
    return ids.length === runs.length;
  });
  for (const id of ids) await other.call("POST", `/v1/jobs/${id}:cancel`, {});
  const jobs = (await Promise.all(runs)).map(({ job }) => job);
  expect(jobs.map(({ id }) => id).sort()).toEqual(ids.sort());
  for (const job of jobs) expect(job).toMatchObject({ state: Job_State.CANCELLED, attempt: 1 });
});

test("a job whose context runs out of memory is retried in the context's next process", async () => {
  const memoryBytes = 96 * 1024 * 1024;
  await rest.createContext("small", { memoryBytes: String(memoryBytes) });
  const spec = { binary: "jobs", entryPoint: "greedy", context: "small", config: { flag: "flag" } };
  const { id } = await rest.submit({ ...spec, maxAttempts: 2, retryDelay: "2s" });
  const waiting = await untilJob(rest, id, isWaiting);
  expect(waiting.attempts).toMatchObject([{ number: 1, error: { reason: JobError_Reason.OUT_OF_MEMORY } }]);
  expect(waiting.attempts[0]?.error?.message).toContain("96 MiB");
  expect((await rest.call("PUT", "/v1/data/flag", "x")).status).toBe(200);
  expect(await untilFinal(rest, id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2 });
});

test("another gateway starts the next attempt of a job whose gateway was killed", async () => {
  const { hearth, rest, other } = await start();
  await using _ = hearth;
  const source = "export const slow = () => new Promise((_, reject) => setTimeout(reject, 800, new Error('slow')));";
  await rest.upload("slow", source);
  const retried = { maxAttempts: 2, retryDelay: "1s" };
  const waiting = await rest.submit({ binary: "jobs", entryPoint: "never", ...retried });
  await untilJob(other, waiting.id, isWaiting);
  const running = await rest.submit({ binary: "slow", ...retried });
  process.kill(hearth.gateways[0]?.pid ?? 0, "SIGKILL");
  for (const { id } of [waiting, running]) {
    expect(await untilFinal(other, id)).toMatchObject({
      state: Job_State.FAILED,
      attempt: 2,
      attempts: [{ number: 1 }],
    });
  }
});
