import { afterAll, beforeAll, expect, test } from "vitest";
import { type Job, Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const echo = ({ config }) => config;

/** Ends when it is cancelled. */
export const wait = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** Answers which call of its executor it is. */
let calls = 0;
export const count = () => ++calls;
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

const cancel = (id: string) => rest.call("POST", `/v1/jobs/${id}:cancel`, {});

async function resultOf(id: string): Promise<unknown> {
  await rest.untilState(id, Job_State.SUCCEEDED);
  return (await rest.call("GET", `/v1/jobs/${id}/result`)).body;
}

test("jobs wait for a slot by priority, then by submission, and report their queue position", async () => {
  await rest.createContext("ordered", { maxJobsPerContext: 1 });
  await rest.run({ binary: "jobs", entryPoint: "count", context: "ordered" });
  const first = await submit("ordered", "wait");
  const jobs: Job[] = [];
  for (const priority of [0, 0, 5, -5, 5]) jobs.push(await submit("ordered", "count", { priority }));
  const places = async () => Promise.all(jobs.map(async ({ id }) => (await rest.job(id)).queuePosition));
  await expect.poll(places).toEqual([3, 4, 1, 5, 2]);
  await cancel(first.id);
  expect(await Promise.all(jobs.map(({ id }) => resultOf(id)))).toEqual([4, 5, 2, 6, 3]);
  expect(await places()).toEqual([0, 0, 0, 0, 0]);
});

test("a job's queue position is updated when others leave the queue", async () => {
  await rest.createContext("moving", { maxJobsPerContext: 1 });
  const first = await submit("moving", "wait");
  const second = await submit("moving", "wait");
  const third = await submit("moving", "echo");
  const placeIs = (place: number) =>
    until(`the place is ${place}`, async () => (await rest.job(third.id)).queuePosition === place);
  await placeIs(2);
  await cancel(second.id);
  await placeIs(1);
  await cancel(first.id);
  await resultOf(third.id);
});

test("a job is refused when the queue is full, and is not stored", async () => {
  await rest.createContext("small", { maxJobsPerContext: 1, maxQueuedJobs: 2 });
  const jobs: Job[] = [];
  for (let job = 0; job < 3; job++) jobs.push(await submit("small", "wait"));
  const spec = { binary: "jobs", entryPoint: "echo", context: "small" };
  for (const path of ["/v1/jobs", "/v1/jobs:run"]) {
    const { status, body } = await rest.call("POST", path, spec);
    expect({ status, body }).toMatchObject({
      status: 429,
      body: { code: "resource_exhausted", message: expect.stringContaining("and 2 jobs wait") },
    });
  }
  const { body } = await rest.call("GET", "/v1/jobs?context=small");
  expect((body as { jobs: unknown[] }).jobs).toHaveLength(3);
  for (const { id } of jobs) await cancel(id);
});

test("a job with noQueue is refused at once when all slots are taken", async () => {
  await rest.createContext("taken", { maxJobsPerContext: 1 });
  const { id } = await submit("taken", "wait");
  const { status, body } = await rest.call("POST", "/v1/jobs", {
    ...{ binary: "jobs", entryPoint: "echo", context: "taken" },
    noQueue: true,
  });
  expect({ status, body }).toMatchObject({
    status: 429,
    body: { message: expect.stringContaining("the job may not wait") },
  });
  await cancel(id);
});

test("a repeated request creates one job; a different request with the same id is refused", async () => {
  const requestId = crypto.randomUUID();
  const spec = { binary: "jobs", entryPoint: "echo", config: { n: 1 } };
  const submitUnder = (job: object) => rest.call("POST", `/v1/jobs?requestId=${requestId}`, job);
  const answers = await Promise.all([submitUnder(spec), submitUnder(spec), submitUnder(spec)]);
  const ids = new Set(answers.map(({ body }) => (body as { id: string }).id));
  expect(ids.size).toBe(1);
  const { status, body } = await submitUnder({ ...spec, config: { n: 2 } });
  expect({ status, body }).toMatchObject({ status: 409, body: { code: "already_exists" } });
});

test("a config that is too large is refused", async () => {
  const config = { text: "x".repeat(4 * 1024 * 1024) };
  const { status, body } = await rest.call("POST", "/v1/jobs", { binary: "jobs", entryPoint: "echo", config });
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: "invalid_argument", message: expect.stringContaining("at most 4194304") },
  });
});
