import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import {
  Context_State,
  ContextEventSchema,
  ContextSchema,
  Job_State,
  JobEventSchema,
  JobSchema,
  LogLineSchema,
} from "../../proto/mod.ts";
import { TestPublishing } from "../../test/nats/publishing.ts";
import { log } from "../../test/silent_log.ts";
import { until } from "../../test/until.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { createEventIntake, type EventIntake } from "./session_events.ts";

const CONFIG = new TextEncoder().encode("{}");

let dao: Dao;
let jobs: JobRegistry;
let contexts: ContextRegistry;
let publishing: TestPublishing;
let observer: EventIntake;
let numbers: number[];
let session: NodeSession;

/** Two nodes with a context and a job each. The session is with the second one, which reports what it should not. */
beforeEach(async () => {
  dao = await memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
  publishing = new TestPublishing();
  publishing.lastSeq = async () => 1;
  contexts = new ContextRegistry({ dao, publishOutbox() {} });
  const nodeOf = async (id: string) => (await contexts.find(id))?.nodeId;
  jobs = new JobRegistry({ dao, publishing, nodeOf, log });
  observer = createEventIntake({ dao, jobs, contexts, log, blobs: {} as never });
  numbers = [];
  session = { nodeId: "bad", isOver: false, acknowledge: (number: number) => void numbers.push(number) } as NodeSession;
  for (const nodeId of ["good", "bad"]) {
    const context = {
      id: `c-${nodeId}`,
      name: `c-${nodeId}`,
      nodeId,
      state: Context_State.RUNNING,
      seq: 1,
      revision: 1,
    };
    await contexts.insert(create(ContextSchema, context));
    const job = { id: `j-${nodeId}`, contextId: `c-${nodeId}`, state: Job_State.RUNNING, attempt: 1, maxAttempts: 1 };
    await jobs.insert(create(JobSchema, { ...job, seq: 1, revision: 1 }), CONFIG, { nodeId });
    const stored = { ...job, id: `stored-${nodeId}`, seq: 1, revision: 1 };
    await dao.jobs.insert(create(JobSchema, stored), CONFIG);
  }
});

afterEach(async () => {
  await jobs[Symbol.asyncDispose]();
  await dao[Symbol.asyncDispose]();
});

/** Reports an event. Resolves when the gateway has acknowledged it. */
async function tell(event: MessageInitShape<typeof JobEventSchema>): Promise<void> {
  const number = numbers.length + 1;
  const bytes = toBinary(JobEventSchema, create(JobEventSchema, { attempt: 1, nodeId: "bad", seq: 2, ...event }));
  observer.jobEvent(session, { event: bytes, result: new Uint8Array(), number, again: false });
  await until("it is acknowledged", () => numbers.includes(number));
}

test.each(["j-good", "stored-good"])("events of a job on another node are void: %s", async (jobId) => {
  const lines = [create(LogLineSchema, { number: 1, text: "forged" })];
  const told = { jobId, contextId: "c-good" };
  await tell({ ...told, event: { case: "logged", value: { lines } } });
  await tell({ ...told, contextId: "c-bad", event: { case: "logged", value: { lines } } });
  await tell({ ...told, nodeId: "good", event: { case: "failed", value: {} } });
  await tell({ ...told, event: { case: "succeeded", value: {} } });
  observer.jobStarted(session, { jobId, attempt: 1, time: new Date() });
  await jobs.save(jobId);
  expect(await dao.jobs.get(jobId)).toMatchObject({ state: Job_State.RUNNING, seq: 1 });
  expect(await dao.jobs.logs(jobId, { after: 0, limit: 9 })).toEqual([]);
  expect(publishing.ids).toEqual([]);
});

test.each(["j-bad", "stored-bad"])(
  "a node's numbers leave room for what gateways decide of its job: %s",
  async (jobId) => {
    await tell({ jobId, contextId: "c-bad", seq: 2 ** 32 - 1, event: { case: "progress", value: {} } });
    expect(await jobs.get(jobId)).toMatchObject({ seq: 1 });
    await tell({ jobId, contextId: "c-bad", seq: 2 ** 32 - 1, event: { case: "failed", value: {} } });
    expect(await dao.jobs.get(jobId)).toMatchObject({ state: Job_State.FAILED, seq: 2 });
  },
);

test("events with a number that leaves no room for decisions are void", async () => {
  const event = create(ContextEventSchema, {
    ...{ contextId: "c-bad", nodeId: "bad", seq: 2 ** 32 - 1 },
    event: { case: "running", value: {} },
  });
  observer.contextEvent(session, { event: toBinary(ContextEventSchema, event), number: 1 });
  await until("it is acknowledged", () => numbers.includes(1));
  expect(await dao.contexts.get("c-bad")).toMatchObject({ seq: 1 });
});

test("an event with the wrong context of its job is void", async () => {
  await tell({ jobId: "j-bad", contextId: "c-good", event: { case: "progress", value: {} } });
  await tell({ jobId: "stored-bad", contextId: "c-good", event: { case: "progress", value: {} } });
  expect(publishing.ids).toEqual([]);
});

test("a start with an invalid time is void", () => {
  for (const time of [undefined, new Date(Number.NaN), new Date(8.64e15)]) {
    observer.jobStarted(session, { jobId: "j-bad", attempt: 1, time });
  }
});
