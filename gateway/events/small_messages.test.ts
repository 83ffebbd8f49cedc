import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextEventSchema, JobError_Reason, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { readEvents, readJobEvents } from "../../test/nats/stored_events.ts";
import { contextOutboxEvent, type EventStream, jobOutboxEvent, openEventStream } from "./mod.ts";

const MAX_PAYLOAD = 32 * 1024;

const stack = new AsyncDisposableStack();
let nats: TestNatsServer;
let events: EventStream;

beforeAll(async () => {
  const folder = stack.use(await createTemporaryDirectory());
  const config = join(folder.path, "nats.conf");
  await writeFile(config, `max_payload: ${MAX_PAYLOAD}\n`);
  nats = stack.use(await startTestNatsServer(["--config", config]));
  events = stack.use(
    await openEventStream({ url: nats.url }, { log: pino({ enabled: false }), gatewayId: "gateway-1" }),
  );
});

afterAll(() => stack.disposeAsync());

/** Publishes a job event and reads it back from the stream. */
async function publish(event: JobEvent, result?: Uint8Array) {
  await new Promise<void>((resolve) => events.publisher.publish(jobOutboxEvent(event, result), resolve));
  const stored = await readJobEvents(nats.url, event.jobId);
  return stored.at(-1);
}

const TIME = { seq: 1, attempt: 1, time: timestampFromMs(1_700_000_000_000) };

test("a job event is a CloudEvent", async () => {
  const event = create(JobEventSchema, { ...TIME, jobId: "plain", event: { case: "succeeded", value: {} } });
  expect(await publish(event, Buffer.from('{"n":1}'))).toMatchObject({
    type: "succeeded",
    contentType: "application/json",
    attributes: {
      specversion: "1.0",
      id: "plain/1/1",
      type: "hearth.v1.job.succeeded",
      source: "/gateways/gateway-1",
      subject: "plain",
      time: "2023-11-14T22:13:20Z",
    },
    json: { jobId: "plain", seq: 1, succeeded: {} },
  });
});

test("a context event is a CloudEvent", async () => {
  const fields = { contextId: "c", context: "shared", seq: 3, time: TIME.time };
  const event = contextOutboxEvent(create(ContextEventSchema, { ...fields, event: { case: "running", value: {} } }));
  await new Promise<void>((resolve) => events.publisher.publish(event, resolve));
  const [stored] = await readEvents(nats.url, "hearth.v1.contexts.c.running", () => true);
  expect(stored?.attributes).toMatchObject({ id: "c/3", type: "hearth.v1.context.running", subject: "c" });
});

test.each([
  ["a small result is part of its event", '{"n":[1,"two"]}', { n: [1, "two"] }],
  ["a result that nests too deep is not", `${"[".repeat(101)}${"]".repeat(101)}`, undefined],
  ["nor is one with a number that is none in most languages", "[1e999]", undefined],
  ["nor one with half a character", '"\\ud800"', undefined],
  ["nor one that is no JSON", "{", undefined],
  ["nor a large one", `"${"x".repeat(65_000)}"`, undefined],
])("%s", async (_, json, value) => {
  const result = { mediaType: "application/json", sizeBytes: BigInt(json.length) };
  const jobId = crypto.randomUUID();
  const event = create(JobEventSchema, { ...TIME, jobId, event: { case: "succeeded", value: { result } } });
  const stored = await publish(event, Buffer.from(json));
  expect(stored?.json.succeeded).toEqual({
    result: { mediaType: "application/json", sizeBytes: String(json.length) },
    ...(value !== undefined && { value }),
  });
});

test("the headers of an event contain nothing of the result", async () => {
  const event = create(JobEventSchema, {
    seq: 1,
    attempt: 1,
    jobId: "timeless",
    event: { case: "succeeded", value: {} },
  });
  // Truncated to one byte, these characters are line ends.
  for (const time of ["\\r\\nce-id: x", "\u010d\u010ace-id: x", "2023-11-14T22:13:20\u010a"]) {
    const stored = await publish(
      { ...event, jobId: `timeless-${crypto.randomUUID()}` },
      Buffer.from(`{"time":"${time}"}`),
    );
    expect(Object.keys(stored?.attributes ?? {}).sort()).toEqual(["id", "source", "specversion", "subject", "type"]);
    expect(stored?.attributes.id).toMatch(/^timeless-.*\/1\/1$/);
  }
});

test("an error that exceeds the maximum payload is published truncated and marked", async () => {
  const error = { reason: JobError_Reason.THROWN, name: "TypeError", message: "\u0001".repeat(15_000) };
  const event = create(JobEventSchema, { ...TIME, jobId: "large", event: { case: "failed", value: { error } } });
  const stored = await publish(event);
  expect(stored?.json).toMatchObject({ jobId: "large", failed: { error: { reason: "THROWN", name: "TypeError" } } });
  expect(stored?.json.failed.error.message).toMatch(/… \(cut: 15000 characters\)$/);
  expect(stored?.json.omitted).toBe(
    `This event is cut: NATS takes ${MAX_PAYLOAD - 1024} bytes as one message. GetJob has the whole, GetJobResult what the job returned, over REST GET /v1/jobs/large`,
  );
});

test("log lines that exceed the maximum payload become a smaller event with their count", async () => {
  const lines = Array.from({ length: 200 }, (_, n) => ({ number: n + 1, text: "x".repeat(500) }));
  const logged = create(JobEventSchema, { ...TIME, jobId: "chatty", event: { case: "logged", value: { lines } } });
  await new Promise<void>((resolve) => events.publisher.publish(jobOutboxEvent(logged), resolve));
  const end = create(JobEventSchema, { ...TIME, seq: 2, jobId: "chatty", event: { case: "succeeded", value: {} } });
  await publish(end);
  const stored = await readJobEvents(nats.url, "chatty");
  expect(stored.map(({ type, json }) => [type, json.seq])).toEqual([
    ["logged", 1],
    ["succeeded", 2],
  ]);
  expect(stored[0]?.json.omitted).toMatch(/^This event is cut/);
});
