import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contextEventSubject, type Job, Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { readEvents } from "../../nats/stored_events.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const echo = ({ config }) => config;
export const fail = () => { throw new Error("failed"); };
export const settings = ({ context }) => context.settings;

export const keep = ({ config, objects }) => objects.update(config.name, "kept").then(() => objects.list().then((all) => all.length));
export const find = ({ config, objects }) => objects.get(config.name).then((value) => value ?? "nothing");

/** Succeeds when it is cancelled. */
export const wait = ({ signal }) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve("waited")));

export const deaf = () => new Promise(() => {});

export async function greedy() {
  const hoard = [];
  for (;;) {
    hoard.push(new Uint8Array(8_000_000).fill(1));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Logs and reports progress without pause for config.ms milliseconds. */
export function flood({ config, log, progress }) {
  const end = Date.now() + config.ms;
  const line = "x".repeat(config.length);
  let lines = 0;
  while (Date.now() < end) {
    for (let time = 0; time < 100; time++) {
      log.info(line);
      progress(0.5, line, { line });
      lines++;
    }
  }
  return lines;
}
`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

function submit(context: string, entryPoint: string, spec: object = {}): Promise<Job> {
  return rest.submit({ binary: "jobs", entryPoint, context, ...spec });
}

function run(context: string, entryPoint: string, config: object = {}) {
  return rest.run({ binary: "jobs", entryPoint, context, config });
}

interface ContextBody {
  readonly id: string;
  readonly state: string;
  readonly restarts?: number;
  readonly restartReason?: string;
}

async function context(name: string): Promise<ContextBody> {
  return (await rest.call("GET", `/v1/contexts/${name}`)).body as unknown as ContextBody;
}

/** The event that NATS has of the context's restart. */
async function restarting(contextId: string): Promise<unknown> {
  const subject = contextEventSubject(contextId, "restarting");
  const [event] = await readEvents(hearth.natsUrl, subject, () => true);
  return event?.json.restarting;
}

function untilContext(name: string, condition: (context: ContextBody) => boolean): Promise<void> {
  return until(`context ${name} is as wanted`, async () => condition(await context(name)));
}

describe("a context is restarted", () => {
  test("with new settings: running jobs are cancelled, waiting jobs run afterwards, and its objects are gone", async () => {
    const { id } = await rest.createContext("changing", { maxJobsPerContext: 1, settings: { color: "red" } });
    await run("changing", "keep", { name: "a" });
    const running = await submit("changing", "deaf", { gracePeriod: "0.1s" });
    await rest.untilState(running.id, Job_State.RUNNING);
    const waiting = await submit("changing", "settings");

    const settings = { maxJobsPerContext: 4, settings: { color: "blue" } };
    const { status, body } = await rest.call("POST", "/v1/contexts/changing:restart", { settings });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { id, state: "RUNNING", restarts: 1, settings: { maxJobsPerContext: 4, settings: { color: "blue" } } },
    });
    expect(await rest.job(running.id)).toMatchObject({
      state: Job_State.CANCELLED,
      error: { reason: JobError_Reason.CANCELLED_BY_FORCE, message: expect.stringContaining("was restarted") },
    });
    await rest.untilState(waiting.id, Job_State.SUCCEEDED);
    expect((await rest.call("GET", `/v1/jobs/${waiting.id}/result`)).body).toEqual({
      maxJobsPerContext: 4,
      color: "blue",
    });
    expect((await run("changing", "find", { name: "a" })).result).toBe("nothing");
    expect(await restarting(id)).toMatchObject({ message: "It was asked to restart", lostObjects: ["a"] });
  });

  test("with its own settings when the call brings none, also repeatedly", async () => {
    const { id } = await rest.createContext("steady", { settings: { color: "red" } });
    for (const restarts of [1, 2, 3]) {
      const { body } = await rest.call("POST", "/v1/contexts/steady:restart", { force: true });
      expect(body).toMatchObject({ id, state: "RUNNING", restarts });
      expect((await run("steady", "settings")).result).toEqual({ color: "red" });
    }
  });
});

test("a context that exceeds its memory gets a new process; the job fails with OUT_OF_MEMORY and waiting jobs run", async () => {
  const small = await rest.createContext("small", { memoryBytes: String(96 * 1024 * 1024), maxJobsPerContext: 1 });
  await run("small", "keep", { name: "a" });
  const { id } = await submit("small", "greedy");
  const waiting = await submit("small", "find", { config: { name: "a" } });
  await rest.untilState(id, Job_State.FAILED);
  const { error } = await rest.job(id);
  expect(error?.reason).toBe(JobError_Reason.OUT_OF_MEMORY);
  expect(error?.message).toContain("96 MiB");
  await rest.untilState(waiting.id, Job_State.SUCCEEDED);
  expect((await rest.call("GET", `/v1/jobs/${waiting.id}/result`)).body).toBe("nothing");
  const { state, restarts, restartReason } = await context("small");
  expect({ state, restarts }).toEqual({ state: "RUNNING", restarts: 1 });
  expect(restartReason).toContain("96 MiB");
  expect(await restarting(small.id)).toMatchObject({ reason: "OUT_OF_MEMORY", lostObjects: ["a"] });
});

test("a context whose process is killed gets a new one", async () => {
  const { nodeId } = await rest.createContext("killed");
  const { id } = await submit("killed", "deaf");
  await rest.untilState(id, Job_State.RUNNING);
  expect(nodeId).not.toBe("");
  const node = hearth.nodes[0]?.pid ?? 0;
  const children = readFileSync(`/proc/${node}/task/${node}/children`, "utf8").trim().split(" ").map(Number);
  for (const pid of children) process.kill(pid, "SIGKILL");
  await rest.untilState(id, Job_State.FAILED);
  expect((await rest.job(id)).error?.reason).toBe(JobError_Reason.CONTEXT_LOST);
  // The spare process was killed as well: a context that takes it before the node notices restarts once more.
  await untilContext("killed", ({ state, restarts = 0 }) => state === "RUNNING" && restarts >= 1);
  const echo = { binary: "jobs", entryPoint: "echo", context: "killed", config: { n: 1 }, maxAttempts: 3 };
  expect((await rest.run(echo)).result).toEqual({ n: 1 });
});

test("a draining context refuses new jobs and stops when its jobs have ended", async () => {
  await rest.createContext("drained", { maxJobsPerContext: 1 });
  const running = await submit("drained", "wait", { gracePeriod: "60s" });
  await rest.untilState(running.id, Job_State.RUNNING);
  const waiting = await submit("drained", "echo");
  const both = await rest.call("POST", "/v1/contexts/drained:stop", { drain: true, force: true });
  expect({ status: both.status, body: both.body }).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining("force and drain exclude each other") },
  });

  const drained = rest.call("POST", "/v1/contexts/drained:stop", { drain: true });
  await untilContext("drained", ({ state }) => state === "STOPPING");
  const late = await rest.call("POST", "/v1/jobs", { binary: "jobs", entryPoint: "echo", context: "drained" });
  expect({ status: late.status, body: late.body }).toMatchObject({
    status: 400,
    body: { code: "failed_precondition" },
  });
  expect((await rest.job(running.id)).state).toBe(Job_State.RUNNING);
  await rest.call("POST", `/v1/jobs/${running.id}:cancel`, {});
  expect((await drained).body).toMatchObject({ name: "drained", state: "STOPPED" });
  for (const { id } of [running, waiting]) expect((await rest.job(id)).state).toBe(Job_State.SUCCEEDED);
});

describe("a context ends by itself", () => {
  test("after maxJobs jobs, when they have ended", async () => {
    await rest.createContext("counted", { maxJobs: 2 });
    const first = await submit("counted", "wait", { gracePeriod: "60s" });
    await rest.untilState(first.id, Job_State.RUNNING);
    await submit("counted", "echo");
    const { status, body } = await rest.call("POST", "/v1/jobs", {
      ...{ binary: "jobs", entryPoint: "echo", context: "counted" },
    });
    expect({ status, body }).toMatchObject({ status: 400, body: { code: "failed_precondition" } });
    await rest.call("POST", `/v1/jobs/${first.id}:cancel`, {});
    await rest.untilState(first.id, Job_State.SUCCEEDED);
    await untilContext("counted", ({ state }) => state === "STOPPED");
  });

  test("at its maxAge, when its jobs have ended", async () => {
    await rest.createContext("aged", { maxAge: "3s" });
    const { id } = await submit("aged", "wait", { gracePeriod: "60s" });
    await rest.untilState(id, Job_State.RUNNING);
    await untilContext("aged", ({ state }) => state === "STOPPING");
    await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
    await untilContext("aged", ({ state }) => state === "STOPPED");
    expect((await rest.job(id)).state).toBe(Job_State.SUCCEEDED);
  });

  test("after its idleTimeout", async () => {
    await rest.createContext("idle", { idleTimeout: "3s" });
    await run("idle", "echo");
    await untilContext("idle", ({ state }) => state === "STOPPED");
  });

  test("when a job fails with stopOnJobError, but not when the job is retried", async () => {
    await rest.createContext("strict", { stopOnJobError: true });
    const spec = { binary: "jobs", entryPoint: "fail", context: "strict" };
    const { job } = await rest.run({ ...spec, maxAttempts: 2, retryDelay: "0.05s" });
    expect(job).toMatchObject({ state: Job_State.FAILED, attempt: 2 });
    await untilContext("strict", ({ state }) => state === "STOPPED");
  });
});

test("the API lists and deletes named objects of a context", async () => {
  await rest.createContext("objects");
  for (const name of ["b", "a"]) await run("objects", "keep", { name });
  const listed = await rest.call("GET", "/v1/contexts/objects/objects");
  expect(listed.body).toMatchObject({
    objects: [
      { name: "a", sizeBytes: expect.any(String), createTime: expect.any(String) },
      { name: "b", sizeBytes: expect.any(String) },
    ],
  });
  expect((await rest.call("DELETE", "/v1/contexts/objects/objects/a")).status).toBe(200);
  expect((await rest.call("DELETE", "/v1/contexts/objects/objects/a")).status).toBe(404);
  expect((await run("objects", "find", { name: "a" })).result).toBe("nothing");
  expect((await run("objects", "find", { name: "b" })).result).toBe("kept");
});

test("a context whose CPU limit cannot be enforced has a warning", async () => {
  const { warnings, settings } = await rest.createContext("cores", { cpuCores: 1 });
  expect(settings?.cpuCores).toBe(1);
  for (const warning of warnings) expect(warning).toMatch(/^The context is not held to 1 CPU cores: /);
});

test("a job that floods its log and progress is truncated and does not grow the node's memory", async () => {
  await rest.createContext("flooded");
  const pid = hearth.nodes[0]?.pid ?? 0;
  const residentBytes = (): number => {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return 1024 * Number(kibibytes);
  };
  await run("flooded", "flood", { ms: 10, length: 10 });
  const before = residentBytes();
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, residentBytes());
  }, 20);
  const { job, result } = await run("flooded", "flood", { ms: 3000, length: 20_000 });
  clearInterval(look);
  expect(job.state).toBe(Job_State.SUCCEEDED);
  expect(result).toBeGreaterThan(1000);
  expect(most - before).toBeLessThan(100 * 1024 * 1024);
  const { body } = await rest.call("GET", `/v1/jobs/${job.id}/logs?pageSize=1000`);
  const { lines } = body as unknown as { lines: { text: string }[] };
  expect(lines.length).toBeLessThan(1000);
  expect(lines.some(({ text }) => /were dropped|was cut/.test(text))).toBe(true);
  expect((await run("flooded", "echo", { n: 1 })).result).toEqual({ n: 1 });
});
