import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterEach, expect, test, vi } from "vitest";
import { type Dao, type JobStore, UnreadableRecord } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { type Job, Job_State, type JobEvent, JobEventSchema, JobSchema } from "../../proto/mod.ts";
import { TestPublishing } from "../../test/nats/publishing.ts";
import { log } from "../../test/silent_log.ts";
import { type Decision, JobRegistry } from "./job_registry.ts";
import { JobUnknown } from "./stored_jobs.ts";

const CONFIG = new TextEncoder().encode("{}");
const RESULT = new TextEncoder().encode("1");
const ON_NODE = { nodeId: "n" };
const REPORT = { nodeId: "n", again: false };
const RETURNED = { ...REPORT, result: RESULT };

function recordOn(dao: Dao, publishing = new TestPublishing()): JobRegistry {
  return new JobRegistry({ dao, publishing, nodeOf: async () => "n", log });
}

afterEach(() => {
  vi.useRealTimers();
});

function startDao(): Promise<Dao> {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

/** A store whose first call of one kind fails, as during a failover. */
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

test("a new job is stored with the second write when the first one fails", async () => {
  await using dao = await startDao();
  const record = recordOn(failingOnce(dao, "insert"));
  record.adopt(newJob(), CONFIG, ON_NODE);
  const end = record.end("j");
  await expect(record.save("j")).rejects.toThrow("failover");
  await record.take(succeeded(), RETURNED);
  expect((await end)?.job.state).toBe(Job_State.SUCCEEDED);
  expect(await dao.jobs.config("j")).toEqual(CONFIG);
  expect(await dao.jobs.result("j")).toEqual(RESULT);
});

test("an end that arrives while the first write fails is stored completely", async () => {
  await using dao = await startDao();
  const record = recordOn(failingOnce(dao, "insert"));
  record.adopt(newJob(), CONFIG, ON_NODE);
  const [saved] = await Promise.allSettled([record.save("j"), record.take(succeeded(), RETURNED)]);
  expect(saved.status).toBe("rejected");
  expect((await dao.jobs.get("j"))?.state).toBe(Job_State.SUCCEEDED);
});

test("waits reject and watches end when an end cannot be stored", async () => {
  await using dao = await startDao();
  const record = recordOn(failingOnce(dao, "update"));
  await record.insert(newJob(), CONFIG, ON_NODE);
  const end = record.end("j");
  const watched = Array.fromAsync(record.watchEvents("j", { afterSeq: 0, signal: new AbortController().signal }));
  await expect(record.take(succeeded(), REPORT)).rejects.toThrow("failover");
  await expect(end).rejects.toThrow("failover");
  expect(await watched).toEqual([]);
  // It is delivered again.
  await record.take(succeeded(), REPORT);
  expect((await dao.jobs.get("j"))?.state).toBe(Job_State.SUCCEEDED);
});

test("waits for a withdrawn job reject with the reason", async () => {
  await using dao = await startDao();
  const record = recordOn(dao);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const waiting = Promise.allSettled([record.end("j"), record.started("j")]);
  await record.withdraw("j", new Error("no room"));
  for (const { reason } of (await waiting) as PromiseRejectedResult[]) expect(reason.message).toBe("no room");
  expect(await dao.jobs.get("j")).toBeUndefined();
});

test("events of another attempt or node are void", async () => {
  await using dao = await startDao();
  for (const record of [recordOn(dao), recordOn(dao)]) {
    await record.insert({ ...newJob(), attempt: 2 }, CONFIG, ON_NODE);
    await record.take(succeeded(), REPORT);
    await record.take(succeeded({ attempt: 2 }), { ...REPORT, nodeId: "stranger" });
    expect(await dao.jobs.get("j")).toMatchObject({ state: Job_State.QUEUED, seq: 0 });
  }
  await recordOn(dao).take(succeeded({ attempt: 2 }), REPORT);
  expect(await dao.jobs.get("j")).toMatchObject({ state: Job_State.SUCCEEDED });
});

function progress(seq: number): JobEvent {
  return create(JobEventSchema, { jobId: "j", attempt: 1, seq, event: { case: "progress", value: { fraction: 0.5 } } });
}

test("events are stored, then published in order, then acknowledged", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const record = recordOn(dao, publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  publishing.isUp = false;
  let isTaken = false;
  const taking = record.take(progress(1), REPORT).then(() => {
    isTaken = true;
  });
  expect(publishing.ids).toEqual([]);
  await record.save("j");
  expect(await dao.jobs.get("j")).toMatchObject({ state: Job_State.RUNNING, seq: 1 });
  expect(publishing.ids).toEqual(["j/1/1"]);
  expect(isTaken).toBe(false);
  publishing.isUp = true;
  const later = record.take(progress(2), REPORT);
  await record.take(succeeded({ seq: 3 }), REPORT);
  await later;
  expect(publishing.ids).toEqual(["j/1/1", "j/1/2", "j/1/3"]);
  expect(await dao.outbox.list({ limit: 10 })).toMatchObject([{ id: "j/1/3", subject: "hearth.v1.jobs.j.succeeded" }]);
  void taking;
});

test("a change whose write fails is stored and published later", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const record = recordOn(failingOnce(dao, "update"), publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const taken = record.take(progress(1), REPORT);
  await vi.advanceTimersByTimeAsync(50);
  expect(publishing.ids).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  await taken;
  expect(publishing.ids).toEqual(["j/1/1"]);
});

test("two gateways that publish one attempt leave no gap and no duplicate", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const [first, second] = [recordOn(dao, publishing), recordOn(dao, publishing)];
  await first.insert(newJob(), CONFIG, ON_NODE);
  await Promise.all([first.take(progress(1), REPORT), first.save("j")]);
  // The session broke: the node reports to another gateway, and repeats unacknowledged events.
  first.lostTouch("n");
  await second.take(progress(1), { ...REPORT, again: true });
  await second.take(progress(2), { ...REPORT, again: true });
  // Then to the first one again.
  const end = first.end("j");
  await Promise.all([first.take(progress(3), REPORT), first.take(succeeded({ seq: 4 }), RETURNED)]);
  expect(publishing.ids).toEqual(["j/1/1", "j/1/2", "j/1/3", "j/1/4"]);
  expect((await end)?.job.seq).toBe(4);
});

test("a gateway publishes what a dead one stored when the node repeats it", async () => {
  await using dao = await startDao();
  const [lost, publishing] = [new TestPublishing(), new TestPublishing()];
  const dying = recordOn(dao, lost);
  await dying.insert(newJob(), CONFIG, ON_NODE);
  void Promise.all([dying.take(progress(1), REPORT), dying.take(progress(2), REPORT)]);
  await dying.save("j");
  const next = recordOn(dao, publishing);
  for (const seq of [1, 2]) await next.take(progress(seq), { ...REPORT, again: true });
  await next.take(succeeded({ seq: 3 }), RETURNED);
  expect(publishing.ids).toEqual(["j/1/1", "j/1/2", "j/1/3"]);
});

const NODE_LOST: Decision = { case: "failed", value: { error: { message: "lost" } } };

test("a decision follows the published events, and a later end of the node is void", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const [first, second] = [recordOn(dao, publishing), recordOn(dao, publishing)];
  await first.insert(newJob(), CONFIG, ON_NODE);
  await Promise.all([first.take(progress(1), REPORT), first.save("j")]);
  const end = first.end("j");
  expect(await second.decide((await second.get("j")) as Job, NODE_LOST)).toBe(true);
  await first.take(succeeded({ seq: 2 }), RETURNED);
  expect(await first.decide((await second.get("j")) as Job, NODE_LOST)).toBe(false);
  await second.take(succeeded({ seq: 2 }), { ...RETURNED, again: true });
  expect((await end)?.job).toMatchObject({ state: Job_State.FAILED, seq: 2 });
  expect(publishing.ids).toEqual(["j/1/1", "j/1/2"]);
  expect(await dao.jobs.result("j")).toBeUndefined();
});

test("a decision follows the events that are not stored yet", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const record = recordOn(dao, publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const taken = record.take(progress(1), REPORT);
  expect(await record.decide((await record.get("j")) as Job, NODE_LOST)).toBe(true);
  await taken;
  expect(publishing.ids).toEqual(["j/1/1", "j/1/2"]);
});

test("begun() resolves waits for the start, and the event is published later", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  const record = recordOn(dao, publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const started = record.started("j");
  const time = timestampFromMs(1000);
  record.begun("j", { attempt: 1, time, nodeId: "stranger" });
  record.begun("j", { attempt: 2, time, ...ON_NODE });
  expect((await record.get("j"))?.state).toBe(Job_State.QUEUED);
  record.begun("j", { attempt: 1, time, ...ON_NODE });
  expect(await started).toMatchObject({ state: Job_State.RUNNING, startTime: time });
  const running = create(JobEventSchema, { jobId: "j", attempt: 1, seq: 1, event: { case: "running", value: {} } });
  await Promise.all([record.take(running, REPORT), record.save("j")]);
  expect(publishing.ids).toEqual(["j/1/1"]);
  expect(await dao.jobs.get("j")).toMatchObject({ state: Job_State.RUNNING, startTime: time });
});

test("take() rejects with JobUnknown for a job that is not stored", async () => {
  await using dao = await startDao();
  await expect(recordOn(dao).take(succeeded(), REPORT)).rejects.toThrow(JobUnknown);
});

const RETRYING = create(JobEventSchema, {
  jobId: "j",
  attempt: 1,
  seq: 1,
  event: { case: "retrying", value: { nextAttemptTime: timestampFromMs(0) } },
});

function nextAttempt(job: Job): Job {
  return { ...job, attempt: 2, nextAttemptTime: undefined };
}

test.each([
  ["an event", (record: JobRegistry) => record.take({ ...progress(2), attempt: 2 }, REPORT)],
  ["a change", (record: JobRegistry) => record.save("j")],
  ["a read", (record: JobRegistry) => record.refresh("j")],
])("a gateway polls for the end when it learns by %s that another one began the next attempt", async (_, learn) => {
  await using dao = await startDao();
  const [first, second] = [recordOn(dao), recordOn(dao)];
  await first.insert({ ...newJob(), maxAttempts: 2 }, CONFIG, ON_NODE);
  await first.take(RETRYING, REPORT);
  await first.save("j");
  const end = first.end("j");
  const waiting = (await second.get("j")) as Job;
  expect(await second.claim(nextAttempt(waiting), ON_NODE)).toBe(true);

  await learn(first);
  expect(first.followed()).toMatchObject([{ job: { id: "j", attempt: 2 }, nodeId: "" }]);
  await second.take(succeeded({ attempt: 2, seq: 3 }), RETURNED);
  await first.refresh("j");
  expect((await end)?.job).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2 });
});

test("a gateway keeps following a job whose next attempt it began", async () => {
  await using dao = await startDao();
  const record = recordOn(dao);
  await record.insert({ ...newJob(), maxAttempts: 2 }, CONFIG, ON_NODE);
  await record.take(RETRYING, REPORT);
  await record.save("j");
  const waiting = (await record.get("j")) as Job;
  const other = { nodeId: "other" };
  // The end of an abandoned attempt is void.
  await Promise.all([record.claim(nextAttempt(waiting), other), record.take(succeeded({ seq: 2 }), REPORT)]);
  expect(record.followed()).toMatchObject([{ job: { attempt: 2 }, nodeId: "other" }]);
});

test("a followed job with a damaged record is replaced at its end", async () => {
  await using dao = await startDao();
  let isDamaged = false;
  const get: JobStore["get"] = async (id) => {
    if (isDamaged) throw new UnreadableRecord(`Cannot read job "${id}" from the store`);
    return dao.jobs.get(id);
  };
  const jobs = new Proxy(dao.jobs, { get: (store, name) => (name === "get" ? get : store[name as keyof JobStore]) });
  const record = recordOn({ ...dao, jobs });
  await record.insert(newJob(), CONFIG, ON_NODE);
  isDamaged = true;
  expect(await record.get("j")).toMatchObject({ id: "j", state: Job_State.QUEUED });
  await record.refresh("j");
  await record.take(succeeded(), RETURNED);
  isDamaged = false;
  expect(await record.get("j")).toMatchObject({ state: Job_State.SUCCEEDED });
  isDamaged = true;
  await expect(record.get("j")).rejects.toThrow('Cannot read job "j"');
});
