import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import sqlite from "../../../plugins/dao-sqlite/mod.ts";
import { type Context, Context_State, type Job, Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const echo = ({ config }) => config;
export const sleep = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms, "slept"));
`;

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let rest: Rest;
/** The gateways' record, to leave in it what a gateway leaves that is killed before it has sent what it recorded. */
let dao: Awaited<ReturnType<typeof sqlite.start>>;
/** One that has run. */
let sample: { readonly job: Job; readonly context: Context };

beforeAll(async () => {
  hearth = stack.use(await startHearth({ gateways: 2 }));
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("shared", { maxJobsPerContext: 1 });
  const log = { info() {}, warn() {} };
  const config = { path: join(hearth.dataDir, "gateway", "hearth.sqlite") };
  dao = stack.use(await sqlite.start({ config, log, signal: new AbortController().signal }));
  const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "shared" });
  const context = await dao.contexts.get(job.contextId);
  if (context === undefined) throw new Error("the context is not in the record");
  sample = { job, context };
});

afterAll(() => stack.disposeAsync());

/** Records a job as a gateway does before it sends it. */
async function record(changes: Partial<Job>): Promise<string> {
  const { job } = sample;
  const id = uuidv7();
  const queued = { ...job, id, state: Job_State.QUEUED, seq: 0, revision: 1, createTime: timestampNow(), ...changes };
  delete queued.startTime;
  delete queued.endTime;
  await dao.jobs.insert(queued, Buffer.from('{"n":1}'));
  return id;
}

async function end(id: string): Promise<Job> {
  await until("the job is final", async () => (await rest.job(id)).state >= Job_State.SUCCEEDED);
  return rest.job(id);
}

test("a job that a killed gateway did not dispatch is retried if it has attempts left, else it fails", async () => {
  const retried = await record({ maxAttempts: 2 });
  const lost = await record({ maxAttempts: 1 });
  expect(await end(lost)).toMatchObject({
    state: Job_State.FAILED,
    attempt: 1,
    error: { reason: JobError_Reason.NODE_LOST, message: "Job lost: its node does not hold it" },
  });
  expect(await end(retried)).toMatchObject({
    state: Job_State.SUCCEEDED,
    attempt: 2,
    attempts: [{ number: 1, error: { reason: JobError_Reason.NODE_LOST } }],
  });
});

test("a later attempt that was not dispatched is found as well", async () => {
  expect(await end(await record({ attempt: 2, maxAttempts: 3 }))).toMatchObject({
    state: Job_State.SUCCEEDED,
    attempt: 3,
  });
});

test("a job's own context that was not dispatched fails, and the job is retried in a new one", async () => {
  const contextId = uuidv7();
  const { context } = sample;
  const fresh = { ...context, id: contextId, name: "unsent", state: Context_State.STARTING, adHoc: true };
  await dao.contexts.insert({ ...fresh, seq: 0, revision: 1, createTime: timestampNow() });
  const id = await record({ contextId, context: "unsent", maxAttempts: 2 });
  const job = await end(id);
  expect(job).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2 });
  expect(job.contextId).not.toBe(contextId);
  expect((await dao.contexts.get(contextId))?.state).toBe(Context_State.FAILED);
});

test("a context that was moved to another node and not dispatched starts there", async () => {
  const id = uuidv7();
  const moved = { ...sample.context, id, name: "moved", state: Context_State.RESTARTING, adHoc: false };
  await dao.contexts.insert({ ...moved, seq: 1_000_000, revision: 1, createTime: timestampNow() });
  await until("the context runs", async () => (await dao.contexts.get(id))?.state === Context_State.RUNNING);
  const { result } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "moved", config: { n: 2 } });
  expect(result).toEqual({ n: 2 });
});

test("a job whose context was not stored fails", async () => {
  const id = await record({ contextId: uuidv7(), context: "nowhere" });
  expect(await end(id)).toMatchObject({ state: Job_State.FAILED, error: { message: "Job lost: its context is gone" } });
});

/** Puts bytes that are no message in the place of a record. */
function damage(table: "contexts" | "binaries", name: string): void {
  using database = new DatabaseSync(join(hearth.dataDir, "gateway", "hearth.sqlite"), { timeout: 5000 });
  const changed = database.prepare(`UPDATE ${table} SET message = ? WHERE name = ?`).run(Uint8Array.of(0xff), name);
  expect(changed.changes).toBe(1);
}

test("a damaged context or binary fails the jobs that need it, and does not delay others", async () => {
  const contextId = uuidv7();
  const open = { ...sample.context, id: contextId, name: "damaged", state: Context_State.STARTING };
  await dao.contexts.insert({ ...open, seq: 0, revision: 1, createTime: timestampNow() });
  damage("contexts", "damaged");
  await rest.upload("damaged", JOBS);
  const { binaryDigest } = (await rest.run({ binary: "damaged", entryPoint: "echo", context: "shared" })).job;
  damage("binaries", "damaged");
  const due = { attempt: 1, maxAttempts: 3, nextAttemptTime: timestampFromMs(Date.now()) };

  const unsent = await record({ contextId, context: "damaged" });
  const other = await record({ maxAttempts: 2 });
  const waiting = await record({ contextId, context: "damaged", ...due });
  const unloadable = await record({ binary: "damaged", binaryDigest, ...due });
  const failed = (reason: JobError_Reason, message: string) => ({
    state: Job_State.FAILED,
    error: { reason, message: `Job lost: ${message}` },
  });
  expect(await end(unsent)).toMatchObject(failed(JobError_Reason.NODE_LOST, "its context is gone"));
  expect(await end(other)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2 });
  expect(await end(waiting)).toMatchObject(failed(JobError_Reason.CONTEXT_LOST, "its context is gone"));
  expect(await end(unloadable)).toMatchObject(
    failed(JobError_Reason.LOAD_FAILED, "its binary, or one on its class path, is gone"),
  );
});

test("jobs that wait in their node's queue are unchanged", async () => {
  const spec = { binary: "jobs", entryPoint: "sleep", context: "shared" };
  const first = await rest.submit({ ...spec, config: { ms: 9000 } });
  const second = await rest.submit({ ...spec, config: { ms: 1 } });
  for (const { id } of [first, second]) {
    expect(await end(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, attempts: [] });
  }
});
