import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EVENT_STREAM, isFinalJob, Job_State, JobError_Reason, jobEventSubject } from "../../../proto/mod.ts";
import { type Answer, createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const echo = ({ config }) => config;
export const fail = () => { throw new Error("no"); };
export const slow = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms));
`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

/** The stream has lost an end, or never had it: whoever decided it was killed before it was published. */
async function forgetEnd(jobId: string, type: string): Promise<void> {
  const nats = await connect({ servers: hearth.natsUrl });
  const { streams } = await jetstreamManager(nats);
  await streams.purge(EVENT_STREAM, { filter: jobEventSubject(jobId, type) });
  await nats.close();
}

test("a watch of a job whose end is missing in the stream ends with the stored state", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "slow", config: { ms: 500 } });
  await until("the stream has its end", async () => (await eventTypes(hearth.url, job.id)).includes("succeeded"));
  await forgetEnd(job.id, "succeeded");
  // One that has not seen the job itself.
  const fresh = await hearth.addGateway();
  await untilNodesAreReady(fresh.url, 1);
  expect(await eventTypes(fresh.url, job.id)).toEqual(["running", "succeeded"]);
});

async function eventTypes(url: string, jobId: string): Promise<string[]> {
  const response = await fetch(`${url}/v1/jobs/${jobId}/events`);
  const events = (await response.text()).trim().split("\n");
  return events.map((line) => ["running", "succeeded"].find((type) => type in JSON.parse(line)) ?? line);
}

test("cancel ends jobs whose next attempts are starting, and other jobs are retried", async () => {
  await rest.createContext("shared", { maxJobsPerContext: 4 });
  const spec = { binary: "jobs", entryPoint: "fail", context: "shared", retryDelay: "0.01s" };
  for (const _ of [1, 2, 3]) {
    const jobs = await Promise.all(Array.from({ length: 40 }, () => rest.submit({ ...spec, maxAttempts: 80 })));
    const cancelled = await Promise.all(
      jobs.map(async ({ id }, n) => {
        await until("it is tried again and again", async () => (await rest.job(id)).attempt >= 2 + (n % 3));
        return rest.call("POST", `/v1/jobs/${id}:cancel`, {});
      }),
    );
    for (const { status } of cancelled) expect(status).toBe(200);
    for (const { id } of jobs) expect((await rest.job(id)).state).toBe(Job_State.CANCELLED);
  }
  const { id } = await rest.submit({ ...spec, maxAttempts: 3 });
  await until("another job has failed", async () => isFinalJob((await rest.job(id)).state));
  expect(await rest.job(id)).toMatchObject({ state: Job_State.FAILED, attempt: 3 });
});

test("a watch continues after the final event of an abandoned attempt", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "slow", config: { ms: 3000 } });
  await rest.untilState(id, Job_State.RUNNING);
  const nats = await connect({ servers: hearth.natsUrl });
  const end = { jobId: id, attempt: 0, seq: 99, failed: { error: { message: "of long ago" } } };
  await jetstream(nats).publish(jobEventSubject(id, "failed"), JSON.stringify(end));
  await nats.close();
  const fresh = await hearth.addGateway();
  await untilNodesAreReady(fresh.url, 1);
  expect(await eventTypes(fresh.url, id)).toEqual(["running", "succeeded"]);
});

test("refused contexts, with taken names or configs that nest too deep, reserve no memory on a node", async () => {
  await using small = await startHearth({ config: { node: { memoryBytes: 1024 ** 3 } } });
  const client = createRest(small.url);
  await client.upload("jobs", JOBS);
  await client.createContext("taken");
  for (let n = 0; n < 4; n++) expect((await client.call("POST", "/v1/contexts", { name: "taken" })).status).toBe(409);
  const deep = JSON.parse(`${'{"a":'.repeat(41)}1${"}".repeat(41)}`);
  for (let n = 0; n < 4; n++) {
    const { status } = await client.call("POST", "/v1/jobs", { binary: "jobs", entryPoint: "echo", config: deep });
    expect(status).toBe(400);
  }
  const { job } = await client.run({ binary: "jobs", entryPoint: "echo" });
  expect(job.state).toBe(Job_State.SUCCEEDED);
});

test("a context whose node is gone can be stopped at once, and its jobs are lost", async () => {
  await rest.createContext("left");
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "slow", config: { ms: 60_000 }, context: "left" });
  await rest.untilState(id, Job_State.RUNNING);
  for (const { pid, closed } of hearth.nodes) {
    closed.catch(() => {});
    process.kill(pid, "SIGKILL");
  }
  let stopped: Answer | undefined;
  await until("it is stopped", async () => {
    stopped = await rest.call("POST", "/v1/contexts/left:stop", {});
    // Until it is known to be gone, its node is only out of reach.
    return stopped.status !== 503;
  });
  expect(stopped).toMatchObject({ status: 200, body: { name: "left", state: "STOPPED" } });
  await until("its job is final", async () => isFinalJob((await rest.job(id)).state));
  expect(await rest.job(id)).toMatchObject({ state: Job_State.FAILED, error: { reason: JobError_Reason.NODE_LOST } });
  // Its name is free.
  await hearth.addNode();
  await untilNodesAreReady(hearth.url, 1);
  expect(await rest.createContext("left")).toMatchObject({ name: "left" });
});
