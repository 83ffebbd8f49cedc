import { create } from "@bufbuild/protobuf";
import { pino } from "pino";
import { expect, test } from "vitest";
import { type Dao, type JobStore, UnreadableRecord } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { type Job, Job_State, type JobEvent, JobEventSchema, JobSchema } from "../../proto/mod.ts";
import { JobRecord } from "./jobs.ts";

const log = pino({ level: "silent" });
const CONFIG = new TextEncoder().encode("{}");
const RESULT = new TextEncoder().encode("1");
const ON_NODE = { nodeId: "n" };

function startDao(): Promise<Dao> {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

/** A store whose first call of one kind fails, as one does that fails over. */
function failingOnce(dao: Dao, method: "insert" | "update"): Dao {
  const works: JobStore = dao.jobs;
  let hasFailed = false;
  const jobs = new Proxy(works, {
    get(target, name) {
      if (name !== method || hasFailed) return target[name as keyof JobStore];
      hasFailed = true;
      return () => Promise.reject(new Error("failover"));
    },
  });
  return { ...dao, jobs };
}

function newJob(): Job {
  return create(JobSchema, { id: "j", state: Job_State.QUEUED, attempt: 1, maxAttempts: 1, revision: 1 });
}

function succeeded(changes: Partial<JobEvent> = {}): JobEvent {
  const event = create(JobEventSchema, { jobId: "j", attempt: 1, seq: 1, event: { case: "succeeded", value: {} } });
  return { ...event, ...changes };
}

test("a new job whose first write fails is stored with its next one", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao: failingOnce(dao, "insert"), log });
  record.adopt(newJob(), CONFIG, ON_NODE);
  const end = record.end("j");
  await expect(record.save("j")).rejects.toThrow("failover");
  await record.apply(succeeded(), RESULT);
  expect((await end)?.job.state).toBe(Job_State.SUCCEEDED);
  expect(await dao.jobs.config("j")).toEqual(CONFIG);
  expect(await dao.jobs.result("j")).toEqual(RESULT);
});

test("an end that comes while the first write fails is stored whole", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao: failingOnce(dao, "insert"), log });
  record.adopt(newJob(), CONFIG, ON_NODE);
  const [saved] = await Promise.allSettled([record.save("j"), record.apply(succeeded(), RESULT)]);
  expect(saved.status).toBe("rejected");
  expect((await dao.jobs.get("j"))?.state).toBe(Job_State.SUCCEEDED);
});

test("when an end cannot be written whoever waits is told so, and who watches turns elsewhere", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao: failingOnce(dao, "update"), log });
  await record.insert(newJob(), CONFIG, ON_NODE);
  const end = record.end("j");
  const watched = Array.fromAsync(record.watchEvents("j", { afterSeq: 0, signal: new AbortController().signal }));
  await expect(record.apply(succeeded())).rejects.toThrow("failover");
  await expect(end).rejects.toThrow("failover");
  expect(await watched).toEqual([]);
  // It is delivered again.
  await record.apply(succeeded());
  expect((await dao.jobs.get("j"))?.state).toBe(Job_State.SUCCEEDED);
});

test("who waits for a job that is withdrawn is told why", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao, log });
  await record.insert(newJob(), CONFIG, ON_NODE);
  const waiting = Promise.allSettled([record.end("j"), record.started("j")]);
  await record.withdraw("j", new Error("no room"));
  for (const { reason } of (await waiting) as PromiseRejectedResult[]) expect(reason.message).toBe("no room");
  expect(await dao.jobs.get("j")).toBeUndefined();
});

test("apply() tells whether the event changed the job", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao, log });
  await record.insert({ ...newJob(), attempt: 2 }, CONFIG, ON_NODE);
  expect(await record.apply(succeeded())).toBe(false);
  const last = succeeded({ attempt: 2 });
  const both = [record.apply(last), record.apply(last)];
  expect(await Promise.all(both)).toEqual([true, false]);
  expect(await record.apply(last)).toBe(false);
  expect(await new JobRecord({ dao, log }).apply(last)).toBe(false);
});

const RETRYING = create(JobEventSchema, { jobId: "j", attempt: 1, seq: 1, event: { case: "retrying", value: {} } });

test.each([
  ["an end", (record: JobRecord) => record.apply(succeeded({ seq: 2 }))],
  ["a change", (record: JobRecord) => record.save("j")],
  ["a read", (record: JobRecord) => record.refresh("j")],
])("a gateway that learns by %s that another one began the next attempt polls its end", async (_, learn) => {
  await using dao = await startDao();
  const [first, second] = [new JobRecord({ dao, log }), new JobRecord({ dao, log })];
  await first.insert({ ...newJob(), maxAttempts: 2 }, CONFIG, ON_NODE);
  await first.apply(RETRYING);
  await first.save("j");
  const end = first.end("j");
  const waiting = (await second.get("j")) as Job;
  expect(await second.claim({ ...waiting, attempt: 2 }, ON_NODE)).toBe(true);

  await learn(first);
  expect(first.followed()).toMatchObject([{ job: { id: "j", attempt: 2 }, nodeId: "" }]);
  await second.apply(succeeded({ attempt: 2, seq: 2 }), RESULT);
  await first.refresh("j");
  expect((await end)?.job).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2 });
});

test("a gateway that began the next attempt itself goes on following it on its node", async () => {
  await using dao = await startDao();
  const record = new JobRecord({ dao, log });
  await record.insert({ ...newJob(), maxAttempts: 2 }, CONFIG, ON_NODE);
  await record.apply(RETRYING);
  await record.save("j");
  const waiting = (await record.get("j")) as Job;
  const other = { nodeId: "other" };
  // The end loses against the claim that is on its way to the store.
  await Promise.all([record.claim({ ...waiting, attempt: 2 }, other), record.apply(succeeded({ seq: 2 }))]);
  expect(record.followed()).toMatchObject([{ job: { attempt: 2 }, nodeId: "other" }]);
});

test("a followed job whose record is damaged is known, refreshed, and written anew at its end", async () => {
  await using dao = await startDao();
  let isDamaged = false;
  const get: JobStore["get"] = async (id) => {
    if (isDamaged) throw new UnreadableRecord(`Cannot read job "${id}" from the store`);
    return dao.jobs.get(id);
  };
  const jobs = new Proxy(dao.jobs, { get: (store, name) => (name === "get" ? get : store[name as keyof JobStore]) });
  const record = new JobRecord({ dao: { ...dao, jobs }, log });
  await record.insert(newJob(), CONFIG, ON_NODE);
  isDamaged = true;
  expect(await record.get("j")).toMatchObject({ id: "j", state: Job_State.QUEUED });
  await record.refresh("j");
  await record.apply(succeeded(), RESULT);
  isDamaged = false;
  expect(await record.get("j")).toMatchObject({ state: Job_State.SUCCEEDED });
  isDamaged = true;
  await expect(record.get("j")).rejects.toThrow('Cannot read job "j"');
});
