import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EVENT_STREAM, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats_server.ts";
import {
  type EventStream,
  keepAuditStream,
  openCallbackQueue,
  openEventStream,
  publishJobEvent,
  publishRecordedJobEvent,
  type Streamed,
  startCallbackConsumer,
  startConsumers,
  watchStream,
} from "./mod.ts";

const log = pino({ enabled: false });
const SOON = { timeout: 15_000 };

let stack: AsyncDisposableStack;
let nats: TestNatsServer;
let events: EventStream;
/** Jobs whose end the shared consumers delivered, in order. */
let ended: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  nats = stack.use(await startTestNatsServer());
  events = stack.use(await openEventStream({ url: nats.url }, { log }));
  ended = [];
  const sink = {
    attemptEnded: async (jobId: string) => {
      ended.push(jobId);
      return "taken" as const;
    },
    jobLogged: async () => {},
    contextChanged: async () => {},
    checkStore: async () => {},
  };
  stack.use(await startConsumers(events, sink, { log }));
});

afterEach(() => stack.disposeAsync());

/** Publishes the end of a job. */
async function end(jobId: string): Promise<void> {
  await publishJobEvent(events, endOf(jobId), { gatewayId: "g" });
}

function endOf(jobId: string): JobEvent {
  return create(JobEventSchema, {
    ...{ jobId, attempt: 1, seq: 2, time: timestampNow() },
    event: { case: "succeeded", value: {} },
  });
}

/** The same of a job whose end is in the record already. */
async function endRecorded(jobId: string): Promise<void> {
  await publishRecordedJobEvent(events, endOf(jobId), { gatewayId: "g" });
}

const manager = () => jetstreamManager(events.nats);

test("an event that is published after the stream was deleted is stored, and delivered", async () => {
  await end("before");
  await expect.poll(() => ended, SOON).toEqual(["before"]);
  await (await manager()).streams.delete(EVENT_STREAM);
  await end("after");
  await expect.poll(() => ended, SOON).toEqual(["before", "after"]);
  expect(events.keeper.missing()).toEqual([]);
});

test("a consumer that was deleted is made again, and goes on after what was acknowledged", async () => {
  await end("before");
  await expect.poll(() => ended, SOON).toEqual(["before"]);
  const { consumers } = await manager();
  const floor = async () => (await consumers.info(EVENT_STREAM, "gateways-succeeded")).ack_floor.stream_seq;
  await expect.poll(floor, SOON).toBe(1);
  await events.keeper.check();
  await consumers.delete(EVENT_STREAM, "gateways-succeeded");
  await end("after");
  await expect.poll(() => ended, SOON).toEqual(["before", "after"]);
});

test("the consumer of callbacks that was deleted after a delivery is made again", async () => {
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

test("a consumer that another gateway made again is read, too", async () => {
  const { consumers } = await manager();
  const { config } = await consumers.info(EVENT_STREAM, "gateways-succeeded");
  await consumers.delete(EVENT_STREAM, "gateways-succeeded");
  await consumers.add(EVENT_STREAM, config);
  await end("after");
  await expect.poll(() => ended, SOON).toEqual(["after"]);
});

test("limits that an operator set outlive the stream", async () => {
  const { streams } = await manager();
  const { config } = await streams.info(EVENT_STREAM);
  await streams.update(EVENT_STREAM, { ...config, max_msgs: 1234 });
  await events.keeper.check();
  await streams.delete(EVENT_STREAM);
  await events.keeper.check();
  expect((await streams.info(EVENT_STREAM)).config.max_msgs).toBe(1234);
});

test("a watch of a job goes on in a stream that was made again, though its numbers begin anew", async () => {
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

test("an end that was recorded while NATS was away is published when it is back", async () => {
  await nats.stop();
  await endRecorded("recorded");
  await nats.start();
  await expect.poll(() => ended, SOON).toEqual(["recorded"]);
});

test("all is made again when NATS comes back with an empty disk, and callbacks that waited are delivered", async () => {
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
  await expect.poll(() => ended, SOON).toEqual(["after"]);
});

test("opening the stream rejects when a stream of another program has its subjects", async () => {
  await using server = await startTestNatsServer();
  await using connection = await openEventStream({ url: server.url }, { log });
  const { streams } = await jetstreamManager(connection.nats);
  await connection.keeper[Symbol.asyncDispose]();
  await streams.delete(EVENT_STREAM);
  await streams.add({ name: "OTHER", subjects: ["hearth.>"] });
  await expect(openEventStream({ url: server.url }, { log })).rejects.toThrow("overlap");
});
