import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import type { Dao, JobStore } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { type Job, Job_State, type JobEvent, JobEventSchema, JobSchema } from "../../proto/mod.ts";
import { TestPublishing } from "../../test/nats/publishing.ts";
import { log } from "../../test/silent_log.ts";
import { JobRegistry } from "./job_registry.ts";

const CONFIG = new TextEncoder().encode("{}");
const ON_NODE = { nodeId: "n" };
const REPORT = { nodeId: "n", again: false };
const LOST = { case: "failed", value: {} } as const;
const RETRYING = { case: "retrying", value: { nextAttemptTime: timestampFromMs(0) } } as const;

function recordOn(dao: Dao, publishing = new TestPublishing()): JobRegistry {
  return new JobRegistry({ dao, publishing, nodeOf: async () => "n", log });
}

function startDao(): Promise<Dao> {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

/** A store whose first update succeeds but rejects, as when the connection breaks. */
function unansweredOnce(dao: Dao): Dao {
  const works: JobStore = dao.jobs;
  let hasFailed = false;
  const update: JobStore["update"] = async (...args) => {
    const isStored = await works.update(...args);
    if (hasFailed) return isStored;
    hasFailed = true;
    throw new Error("connection lost");
  };
  const jobs = new Proxy(works, {
    get: (target, name) => (name === "update" ? update : target[name as keyof JobStore]),
  });
  return { ...dao, jobs };
}

function newJob(): Job {
  return create(JobSchema, { id: "j", state: Job_State.QUEUED, attempt: 1, maxAttempts: 2, revision: 1 });
}

function event(seq: number, happening: NonNullable<JobEvent["event"]["case"]>): JobEvent {
  const value = happening === "retrying" ? RETRYING.value : {};
  return create(JobEventSchema, { jobId: "j", attempt: 1, seq, event: { case: happening, value } as never });
}

test("an event is published when its write succeeded but rejected", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  await using record = recordOn(unansweredOnce(dao), publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const taken = record.take(event(1, "running"), REPORT);
  await expect(record.save("j")).rejects.toThrow("connection lost");
  await record.save("j");
  await taken;
  expect(publishing.ids).toEqual(["j/1/1"]);
});

test("earlier events are published when the write of an end succeeded but rejected", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  await using record = recordOn(unansweredOnce(dao), publishing);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const running = record.take(event(1, "running"), REPORT);
  await expect(record.take(event(2, "retrying"), REPORT)).rejects.toThrow("connection lost");
  await record.take(event(2, "retrying"), REPORT);
  await running;
  expect(publishing.ids).toEqual(["j/1/1"]);
  expect((await dao.outbox.list({ limit: 9 })).map(({ id }) => id)).toEqual(["j/1/2"]);
});

test("pending events of an attempt that another gateway ended are dropped", async () => {
  await using dao = await startDao();
  const publishing = new TestPublishing();
  await using frozen = recordOn(dao, publishing);
  await using other = recordOn(dao);
  await frozen.insert(newJob(), CONFIG, ON_NODE);
  const taken = [frozen.take(event(1, "running"), REPORT), frozen.take(event(2, "progress"), REPORT)];
  const stored = await dao.jobs.get("j");
  expect(await other.decide(stored as Job, RETRYING)).toBe(true);
  await frozen.save("j");
  await Promise.all(taken);
  expect(await dao.jobs.get("j")).toMatchObject({
    state: Job_State.QUEUED,
    seq: 1,
    nextAttemptTime: timestampFromMs(0),
  });
  expect(publishing.ids).toEqual([]);
});

test("an end that arrives during a failing decision ends the job", async () => {
  await using dao = await startDao();
  await using record = recordOn(dao);
  await using other = recordOn(dao);
  await record.insert(newJob(), CONFIG, ON_NODE);
  const read = (await record.get("j")) as Job;
  await other.take(event(1, "running"), REPORT);
  const decided = record.decide(read, LOST);
  await record.take(event(2, "succeeded"), REPORT);
  expect(await decided).toBe(false);
  expect(await dao.jobs.get("j")).toMatchObject({ state: Job_State.SUCCEEDED, seq: 2 });
});

test("a decision is numbered after the events that another gateway has stored", async () => {
  await using dao = await startDao();
  await using other = recordOn(dao);
  await dao.jobs.insert(newJob(), CONFIG);
  await other.take(event(1, "running"), REPORT);
  const publishing = new TestPublishing();
  let looks = 0;
  publishing.lastSeq = async () => (looks++ === 0 ? 0 : 1);
  await using record = recordOn(dao, publishing);
  expect(await record.decide((await dao.jobs.get("j")) as Job, LOST)).toBe(true);
  expect(publishing.ids).toEqual(["j/1/2"]);
});

test("a decision stays in the outbox while the published events are unknown", async () => {
  await using dao = await startDao();
  await dao.jobs.insert(newJob(), CONFIG);
  const publishing = new TestPublishing();
  publishing.lastSeq = async () => undefined as never;
  await using record = recordOn(dao, publishing);
  expect(await record.decide((await dao.jobs.get("j")) as Job, LOST)).toBe(true);
  expect(publishing.ids).toEqual([]);
  expect((await dao.outbox.list({ limit: 9 })).map(({ id }) => id)).toEqual(["j/1/1"]);
});

test("a decision about a job whose end is being stored waits for that end", async () => {
  await using dao = await startDao();
  const gate = Promise.withResolvers<void>();
  const update: JobStore["update"] = async (...args) => {
    await gate.promise;
    return dao.jobs.update(...args);
  };
  const jobs = new Proxy(dao.jobs, {
    get: (target, name) => (name === "update" ? update : target[name as keyof JobStore]),
  });
  const record = recordOn({ ...dao, jobs });
  const job = newJob();
  await record.insert(job, CONFIG, ON_NODE);
  const ended = record.take(event(1, "retrying"), REPORT);
  const outcome = record.decide(job, LOST);
  const first = await Promise.race([outcome, new Promise((resolve) => setImmediate(resolve, "waits"))]);
  expect(first).toBe("waits");
  gate.resolve();
  expect(await outcome).toBe(false);
  await ended;
  expect(await record.get("j")).toMatchObject({
    state: Job_State.QUEUED,
    nextAttemptTime: RETRYING.value.nextAttemptTime,
  });
});
