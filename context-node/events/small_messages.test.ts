import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestNode, type TestNode } from "../../test/context_node.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import type { GatewaySession } from "../../test/gateway_session.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats_server.ts";
import { readJobEvents } from "../../test/stored_events.ts";

const MAX_PAYLOAD = 32 * 1024;

let stack: AsyncDisposableStack;
let nats: TestNatsServer;
let tested: TestNode;
let session: GatewaySession;
const contextId = crypto.randomUUID();

beforeAll(async () => {
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(await createTemporaryDirectory());
  const config = join(folder.path, "nats.conf");
  await writeFile(config, `max_payload: ${MAX_PAYLOAD}\n`);
  nats = starting.use(await startTestNatsServer(["--config", config]));
  tested = starting.use(await startTestNode({ natsUrl: nats.url }));
  session = await tested.openSession();
  await session.startContext(contextId);
  stack = starting.move();
});

afterAll(() => stack?.disposeAsync());

/** Runs a job; resolves with what NATS has of it, when it has its end. */
async function run(entryPoint: string, config: object) {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint }, config);
  return { jobId, events: await readJobEvents(nats.url, jobId) };
}

test("an error that is larger than the NATS server takes is published cut, and marked", async () => {
  const { jobId, events } = await run("fail", { message: "\u0001".repeat(15_000) });
  const { json } = events.at(-1) ?? {};
  expect(json).toMatchObject({ jobId, failed: { error: { reason: "THROWN", name: "TypeError" } } });
  expect(json.failed.error.message).toMatch(/… \(cut: 15000 characters\)$/);
  expect(json.omitted).toBe(
    `This event is cut: NATS takes ${MAX_PAYLOAD - 1024} bytes as one message. GetJob has the whole, GetJobResult what the job returned, over REST GET /v1/jobs/${jobId}`,
  );
  const heldJobs = async () =>
    (await tested.openSession({ gatewayId: crypto.randomUUID() }).then((opened) => opened.welcome())).jobs;
  await expect.poll(heldJobs).toEqual([]);
});

test("a result that is larger than the NATS server takes is kept apart, with its digest in the event", async () => {
  const { events } = await run("large", { length: 20_000 });
  const { json } = events.at(-1) ?? {};
  expect(json.succeeded).toEqual({
    result: { mediaType: "application/json", sizeBytes: "20002", digest: expect.stringMatching(/^sha256:/) },
  });
});

test("log lines go out in events that the NATS server takes whole", async () => {
  const { events } = await run("chatty", { lines: 200, length: 500 });
  const lines = events.flatMap(({ json }) => json.logged?.lines ?? []);
  expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  expect(events.filter(({ json }) => json.omitted)).toEqual([]);
});
