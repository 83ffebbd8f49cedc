import { jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextEventSchema, EVENT_STREAM, JobEventSchema } from "../../proto/mod.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats_server.ts";
import { until } from "../../test/until.ts";
import { type EventSink, startConsumers } from "./consumers.ts";
import { readAttemptEnd } from "./ends.ts";
import { readEvent } from "./read.ts";
import { type EventStream, openEventStream } from "./stream.ts";
import { watchStream } from "./watch.ts";

interface Line {
  readonly level: number;
  readonly subject?: string;
  readonly seq?: number;
  readonly msg: string;
}

const lines: Line[] = [];
const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });

let nats: TestNatsServer;
let stream: EventStream;
beforeAll(async () => {
  nats = await startTestNatsServer();
  stream = await openEventStream({ url: nats.url }, { log });
});
afterAll(async () => {
  await stream[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

const end = (jobId: string) => JSON.stringify({ jobId, attempt: 1, seq: 2, failed: {} });

/** What cannot be read: no JSON, half of a surrogate pair, a time that there is not, a name twice. */
const POISON = ["{", '{"nodeId":"\\ud800"}', '{"time":"+010000-01-01T00:00:00Z"}', '{"seq":1,"seq":2}', "\xff"];

/** Takes events as a gateway does, and keeps the ids. */
function createSink(
  taken: string[],
  options: { readonly fails?: string; readonly checkStore?: () => Promise<void> } = {},
): EventSink {
  const take = async (id: string): Promise<void> => {
    taken.push(id);
    if (id === options.fails) throw new Error("the record does not take it");
  };
  return {
    async attemptEnded(_, { payload }) {
      await take(readEvent(JobEventSchema, payload).jobId);
      return "taken";
    },
    jobLogged: (payload) => take(readEvent(JobEventSchema, payload).jobId),
    contextChanged: (payload) => take(readEvent(ContextEventSchema, payload).contextId),
    checkStore: options.checkStore ?? (async () => {}),
  };
}

async function pendingCount(): Promise<number> {
  const jsm = await jetstreamManager(stream.nats);
  const consumers = await Array.fromAsync(jsm.consumers.list(EVENT_STREAM));
  return consumers.reduce((sum, { num_ack_pending, num_pending }) => sum + num_ack_pending + num_pending, 0);
}

test("events that cannot be read are given up at once and logged once each, and hold nothing up", async () => {
  for (const [n, payload] of POISON.entries()) {
    for (const subject of [
      `hearth.v1.jobs.p${n}.failed`,
      `hearth.v1.jobs.p${n}.logged`,
      `hearth.v1.contexts.p${n}.stopped`,
    ])
      await stream.js.publish(subject, payload);
  }
  await stream.js.publish("hearth.v1.jobs.good.failed", end("good"));
  await stream.js.publish("hearth.v1.contexts.good.stopped", '{"contextId":"context","seq":1,"stopped":{}}');

  lines.length = 0;
  const taken: string[] = [];
  await using _ = await startConsumers(stream, createSink(taken), { log });
  await until("all events are off the consumers", async () => taken.length === 2 && (await pendingCount()) === 0);

  expect(taken.sort()).toEqual(["context", "good"]);
  expect(lines).toHaveLength(3 * POISON.length);
  expect(lines[0]).toMatchObject({
    subject: expect.any(String),
    seq: expect.any(Number),
    msg: "an event is given up: it cannot be read",
  });
  expect(new Set(lines.map(({ seq }) => seq)).size).toBe(lines.length);
});

test("an event that the record never takes is given up after a bounded number of deliveries", async () => {
  await stream.js.publish("hearth.v1.jobs.bad.failed", end("bad"));
  await stream.js.publish("hearth.v1.jobs.next.failed", end("next"));
  lines.length = 0;
  const taken: string[] = [];
  const policy = { mostFailures: 3, firstDelayMs: 20 };
  await using _ = await startConsumers(stream, createSink(taken, { fails: "bad" }), { log, ...policy });
  await until("all events are off the consumers", async () => taken.length === 4 && (await pendingCount()) === 0);
  expect(taken.filter((id) => id === "bad")).toHaveLength(3);
  expect(lines.map(({ msg, subject }) => ({ msg, subject }))).toEqual([
    { msg: "an event was not recorded; it will be delivered again", subject: "hearth.v1.jobs.bad.failed" },
    { msg: "an event is given up: it was not recorded in 3 deliveries", subject: "hearth.v1.jobs.bad.failed" },
  ]);
});

test("no event is given up while the store does not work", async () => {
  await stream.js.publish("hearth.v1.jobs.waits.failed", end("waits"));
  const taken: string[] = [];
  const checkStore = async (): Promise<void> => {
    if (taken.length < 6) throw new Error("the store is away");
  };
  const sink = createSink(taken, { checkStore });
  const attemptEnded: EventSink["attemptEnded"] = async (id, event) => {
    const answer = await sink.attemptEnded(id, event);
    await checkStore();
    return answer;
  };
  await using _ = await startConsumers(stream, { ...sink, attemptEnded }, { log, mostFailures: 2, firstDelayMs: 10 });
  await until("all events are off the consumers", async () => taken.length === 6 && (await pendingCount()) === 0);
  expect(taken).toEqual(Array(6).fill("waits"));
});

test("a watcher skips an event that cannot be read, and an end that cannot be read ends no attempt", async () => {
  await stream.js.publish(
    "hearth.v1.jobs.seen.progress",
    '{"jobId":"seen","attempt":1,"seq":1,"progress":{"fraction":"1e400"}}',
  );
  await stream.js.publish("hearth.v1.jobs.seen.succeeded", "{");
  await stream.js.publish("hearth.v1.jobs.seen.failed", end("seen"));
  const watching = new AbortController();
  const seen: unknown[] = [];
  for await (const item of watchStream(stream, "seen", { signal: watching.signal })) {
    seen.push("event" in item ? item.event.case : Object.keys(item)[0]);
    if (seen.length === 4) break;
  }
  expect(seen).toEqual(["past", "skipped", "skipped", "failed"]);
  expect(await readAttemptEnd(stream, { jobId: "seen", attempt: 1 })).toMatchObject({ event: { case: "failed" } });
});
