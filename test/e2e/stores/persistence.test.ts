import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export function echo({ config }) {
  return config;
}

export function sleep({ config, signal }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, config.ms, "slept");
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
`;

let stack: AsyncDisposableStack;

beforeEach(() => {
  stack = new AsyncDisposableStack();
});

afterEach(() => stack.disposeAsync());

async function start(options?: Parameters<typeof startHearth>[0]): Promise<Hearth> {
  const hearth = stack.use(await startHearth(options));
  await createRest(hearth.url).upload("jobs", JOBS);
  return hearth;
}

describe("acknowledged changes are durable", () => {
  test("a job with its result survives kill -9 of all processes after a synchronous response", async () => {
    const dataDir = stack.use(await createTemporaryDirectory()).path;
    const before = await start({ dataDir });
    const { job } = await createRest(before.url).run({ binary: "jobs", entryPoint: "echo", config: { n: 42 } });
    before.killAll();

    const after = createRest((await start({ dataDir })).url);
    expect(await after.job(job.id)).toMatchObject({ id: job.id, state: Job_State.SUCCEEDED });
    expect((await after.call("GET", `/v1/jobs/${job.id}/result`)).body).toEqual({ n: 42 });
    expect((await after.call("GET", `/v1/jobs/${job.id}/config`)).body).toEqual({ n: 42 });
  });

  test("a job that ran when all processes were killed fails with the reason", async () => {
    const dataDir = stack.use(await createTemporaryDirectory()).path;
    const before = await start({ dataDir });
    const { id } = await createRest(before.url).submit({ binary: "jobs", entryPoint: "sleep", config: { ms: 60_000 } });
    before.killAll();

    const after = createRest((await start({ dataDir })).url);
    await after.untilState(id, Job_State.FAILED);
    expect((await after.job(id)).error?.reason).toBe(JobError_Reason.NODE_LOST);
  });
});

describe("two gateways are equal", () => {
  test("the other gateway records the end of a job whose gateway was killed", async () => {
    const hearth = await start({ gateways: 2 });
    const [first = "", second = ""] = hearth.urls;
    const { id } = await createRest(first).submit({ binary: "jobs", entryPoint: "sleep", config: { ms: 1500 } });
    process.kill(hearth.gateways[0]?.pid ?? 0, "SIGKILL");
    const rest = createRest(second);
    await rest.untilState(id, Job_State.SUCCEEDED);
    expect((await rest.call("GET", `/v1/jobs/${id}/result`)).body).toBe("slept");
  });

  test("jobs that one gateway acknowledged are readable at once through the other", async () => {
    const hearth = await start({ gateways: 2 });
    const [first = "", second = ""] = hearth.urls;
    const [runs, reads] = [createRest(first), createRest(second)];
    await runs.createContext("shared", { maxJobsPerContext: 16, jobsPerExecutor: 8 });
    const spec = { binary: "jobs", entryPoint: "echo", context: "shared" };
    const jobs = Array.from({ length: 64 }, async (_, n) => {
      const { job } = await runs.run({ ...spec, config: { n } });
      const { body } = await reads.call("GET", `/v1/jobs/${job.id}/result`);
      return { state: (await reads.job(job.id)).state, body };
    });
    const expected = jobs.map((_, n) => ({ state: Job_State.SUCCEEDED, body: { n } }));
    expect(await Promise.all(jobs)).toEqual(expected);
  });

  test("a job is watched and cancelled through the gateway that did not dispatch it", async () => {
    const hearth = await start({ gateways: 2 });
    const [first = "", second = ""] = hearth.urls;
    const { id } = await createRest(first).submit({ binary: "jobs", entryPoint: "sleep", config: { ms: 60_000 } });
    const { status, body } = await createRest(second).call("POST", `/v1/jobs/${id}:cancel`, {});
    expect({ status, body }).toMatchObject({ status: 200, body: { state: "CANCELLED" } });
    expect(await createRest(first).job(id)).toMatchObject({ state: Job_State.CANCELLED });
  });
});

describe("nodes come and go", () => {
  test("contexts spread over two nodes, and each runs jobs", async () => {
    const hearth = await start({ nodes: 2 });
    const rest = createRest(hearth.url);
    const one = await rest.createContext("one");
    const two = await rest.createContext("two");
    expect(new Set([one.nodeId, two.nodeId]).size).toBe(2);
    for (const context of ["one", "two"]) {
      const { result } = await rest.run({ binary: "jobs", entryPoint: "echo", context, config: { context } });
      expect(result).toEqual({ context });
    }
  });

  test("the gateway reports that it has no node, and uses the next one that starts", async () => {
    const hearth = await start({ nodes: 0 });
    const rest = createRest(hearth.url);
    const { status, body } = await rest.call("POST", "/v1/contexts", { name: "early" });
    expect({ status, body }).toMatchObject({ status: 503, body: { code: "unavailable" } });
    await hearth.addNode();
    await untilNodesAreReady(hearth.url, 1);
    expect(await rest.createContext("late")).toMatchObject({ name: "late" });
  });

  test("a context of a lost node moves to another one, and its job is retried there if it has attempts left", async () => {
    const hearth = await start({ nodes: 1 });
    const rest = createRest(hearth.url);
    await rest.createContext("durable");
    const spec = { binary: "jobs", entryPoint: "sleep", context: "durable" };
    // A context so old that a node would be taken to have lost it, had it been given to that node before it joined.
    const createdAt = performance.now();
    await until("the context is six seconds old", () => performance.now() - createdAt > 6000);
    await hearth.addNode();
    await untilNodesAreReady(hearth.url, 2);
    const lost = await rest.submit({ ...spec, config: { ms: 60_000 } });
    const retried = await rest.submit({ ...spec, config: { ms: 2500 }, maxAttempts: 3 });
    process.kill(hearth.nodes[0]?.pid ?? 0, "SIGKILL");

    await rest.untilState(retried.id, Job_State.SUCCEEDED);
    expect((await rest.job(lost.id)).error?.reason).toBe(JobError_Reason.NODE_LOST);
    expect(await rest.job(retried.id)).toMatchObject({
      attempt: 2,
      attempts: [{ number: 1, error: { reason: JobError_Reason.NODE_LOST } }],
    });
    const { body } = await rest.call("GET", "/v1/contexts/durable");
    expect(body).toMatchObject({ state: "RUNNING", restarts: 1 });
  });
});

test("a job is refused when no node has room for its own context, and no context is left behind", async () => {
  const hearth = await start({ config: { node: { memoryBytes: 300 * 1024 * 1024 } } });
  const rest = createRest(hearth.url);
  const { status, body } = await rest.call("POST", "/v1/jobs:run", { binary: "jobs", entryPoint: "echo" });
  expect({ status, body }).toMatchObject({ status: 429, body: { code: "resource_exhausted" } });
  expect((await rest.call("GET", "/v1/contexts")).body).toEqual({});
});
