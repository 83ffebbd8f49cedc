import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { DiscardPolicy, jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AUDIT_STREAM, AuditEntrySchema, EVENT_STREAM, JobEventSchema } from "../../proto/mod.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import {
  type EventStream,
  jobOutboxEvent,
  keepAuditStream,
  openCallbackQueue,
  openEventStream,
  publishAuditEntry,
  type Streamed,
  startCallbackConsumer,
  watchStream,
} from "./mod.ts";

const log = pino({ enabled: false });
const SOON = { timeout: 15_000 };

let stack: AsyncDisposableStack;
let nats: TestNatsServer;
let events: EventStream;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  nats = stack.use(await startTestNatsServer());
  events = stack.use(await openEventStream({ url: nats.url }, { log, gatewayId: "g" }));
});

afterEach(() => stack.disposeAsync());

/** Publishes the end of a job. Resolves when the stream has stored it. */
function end(jobId: string, seq = 2): Promise<void> {
  const event = create(JobEventSchema, {
    ...{ jobId, attempt: 1, seq, time: timestampNow() },
    event: { case: "succeeded", value: {} },
  });
  return new Promise((resolve) => events.publisher.publish(jobOutboxEvent(event), resolve));
}

const manager = () => jetstreamManager(events.nats);

/** Ids of the stored events, in order. */
async function stored(): Promise<string[]> {
  const { streams } = await manager();
  const { state } = await streams.info(EVENT_STREAM);
  const seqs = Array.from({ length: state.last_seq - state.first_seq + 1 }, (_, n) => state.first_seq + n);
  const messages = await Promise.all(seqs.map((seq) => streams.getMessage(EVENT_STREAM, { seq })));
  return messages.map((message) => message?.header.get("ce-id") ?? "");
}

test("an event is stored even if the stream was deleted before", async () => {
  await end("before");
  await (await manager()).streams.delete(EVENT_STREAM);
  await end("after");
  expect(await stored()).toEqual(["after/1/2"]);
  expect(events.keeper.missing()).toEqual([]);
});

test("events are stored in order and once, also after an outage of NATS", async () => {
  const before = Array.from({ length: 2000 }, (_, n) => `before-${n}`);
  await Promise.all(before.map((job) => end(job)));
  await nats.stop();
  const during = Array.from({ length: 2000 }, (_, n) => `during-${n}`);
  const published = Promise.all(during.map((job) => end(job)));
  await nats.start();
  await published;
  expect(await stored()).toEqual([...before, ...during].map((job) => `${job}/1/2`));
});

test("the end of a job is stored even if another event has its number", async () => {
  const progress = create(JobEventSchema, { jobId: "job", attempt: 1, seq: 2, event: { case: "progress", value: {} } });
  await new Promise<void>((resolve) => events.publisher.publish(jobOutboxEvent(progress), resolve));
  await end("job", 2);
  const { streams } = await manager();
  expect((await streams.getMessage(EVENT_STREAM, { last_by_subj: "hearth.v1.jobs.job.succeeded" }))?.seq).toBe(2);
});

test("an event that is published again during an outage waits once", async () => {
  await nats.stop();
  const told = [end("first"), end("second"), end("first")];
  expect(events.publisher.waiting).toBe(2);
  await nats.start();
  await Promise.all(told);
  expect(await stored()).toEqual(["first/1/2", "second/1/2"]);
});

test("the stream keeps one end per job, even if a later one has another number", async () => {
  await end("job");
  await end("job");
  await end("job", 3);
  await end("other");
  expect(await stored()).toEqual(["job/1/2", "other/1/2"]);
});

test("the callback consumer is created again after its deletion", async () => {
  const queue = await openCallbackQueue(events, { log });
  const delivered: string[] = [];
  const deliver = async (jobId: string): Promise<void> => void delivered.push(jobId);
  const options = { attempts: 3, retryDelayMs: 10, timeoutMs: 1000, queue, log };
  stack.use(await startCallbackConsumer(events, deliver, options));
  await queue.add("before");
  const { consumers } = await manager();
  const floor = async () => (await consumers.info("HEARTH_CALLBACKS", "gateways")).ack_floor.stream_seq;
  await expect.poll(floor, SOON).toBe(1);
  await events.keeper.check();
  await consumers.delete("HEARTH_CALLBACKS", "gateways");
  await queue.add("after");
  await expect.poll(() => delivered, SOON).toEqual(["before", "after"]);
  await events.keeper.check();
  expect(events.keeper.missing()).toEqual([]);
});

test("a full audit stream delays no events, and its entries are abandoned in time", async () => {
  await keepAuditStream(events);
  const { streams } = await manager();
  const { config } = await streams.info(AUDIT_STREAM);
  await streams.update(AUDIT_STREAM, { ...config, discard: DiscardPolicy.New, max_msgs: 1 });
  const publishEntry = () =>
    publishAuditEntry(events, create(AuditEntrySchema, { id: crypto.randomUUID(), permission: "jobs:start" }));
  await publishEntry();
  const refused = expect(publishEntry()).rejects.toThrow("within 1000 ms");
  const event = end("meanwhile").then(() => "event");
  expect(await Promise.race([event, refused.then(() => "entry")])).toBe("event");
  await refused;
  expect(await stored()).toEqual(["meanwhile/1/2"]);
});

test("limits that an operator set survive the loss of the stream", async () => {
  const { streams } = await manager();
  const { config } = await streams.info(EVENT_STREAM);
  await streams.update(EVENT_STREAM, { ...config, max_msgs: 1234 });
  await events.keeper.check();
  await streams.delete(EVENT_STREAM);
  await events.keeper.check();
  expect((await streams.info(EVENT_STREAM)).config.max_msgs).toBe(1234);
});

test("a watch continues in a stream that was created again", async () => {
  for (const job of ["other", "watched"]) await end(job);
  const closing = new AbortController();
  const seen: (Streamed | "past")[] = [];
  const watching = (async () => {
    for await (const item of watchStream(events, "watched", { signal: closing.signal })) {
      seen.push("past" in item ? "past" : item);
    }
  })();
  await expect.poll(() => seen.length, SOON).toBe(2);
  await (await manager()).streams.delete(EVENT_STREAM);
  await events.keeper.check();
  await end("watched");
  await expect.poll(() => seen.filter((item) => item !== "past").length, SOON).toBe(2);
  closing.abort();
  await watching;
});

test("a watch of a job without events ends when its reader leaves", async () => {
  for await (const item of watchStream(events, "nobody", { signal: new AbortController().signal })) {
    expect(item).toEqual({ past: 0 });
    break;
  }
});

test("streams and consumers are created again after NATS lost its disk, and pending callbacks are delivered", async () => {
  await keepAuditStream(events);
  const queue = await openCallbackQueue(events, { log });
  await queue.add("waiting");
  await nats.stop();
  await nats.wipe();
  await nats.start();

  const delivered: string[] = [];
  const deliver = async (jobId: string): Promise<void> => void delivered.push(jobId);
  const names = async () => (await (await manager()).streams.names().next()).sort();
  await expect.poll(names, SOON).toEqual(["HEARTH", "HEARTH_AUDIT", "HEARTH_CALLBACKS"]);
  const options = { attempts: 3, retryDelayMs: 10, timeoutMs: 1000, queue, log };
  stack.use(await startCallbackConsumer(events, deliver, options));
  await expect.poll(() => delivered, SOON).toEqual(["waiting"]);
  await end("after");
  expect(await stored()).toEqual(["after/1/2"]);
});

test("openEventStream() rejects when another stream has its subjects", async () => {
  await using server = await startTestNatsServer();
  await using connection = await openEventStream({ url: server.url }, { log, gatewayId: "g" });
  const { streams } = await jetstreamManager(connection.nats);
  await connection.keeper[Symbol.asyncDispose]();
  await streams.delete(EVENT_STREAM);
  await streams.add({ name: "OTHER", subjects: ["hearth.>"] });
  await expect(openEventStream({ url: server.url }, { log, gatewayId: "g" })).rejects.toThrow("overlap");
});
