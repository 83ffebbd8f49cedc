import { afterAll, beforeAll, expect, test } from "vitest";
import { Refusal_Reason } from "../../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../test/node/context_node.ts";
import type { GatewaySession } from "../../test/node/gateway_session.ts";
import type { Script } from "../../test/node/script.ts";
import { rejection } from "../../test/node/standard_scripts.ts";

/** Reports progress until it is cancelled, then writes a line and returns 2000 characters. */
const busy: Script = {
  async run({ signal, progress, log }) {
    let tick = 0;
    const timer = setInterval(() => progress(++tick / 1_000_000), 5);
    await rejection(signal).catch(() => {});
    clearInterval(timer);
    progress(1);
    log("one");
    log("two");
    return "x".repeat(2000);
  },
};

let nats: TestNatsServer;
let tested: TestNode;
let session: GatewaySession;
const contextId = crypto.randomUUID();

beforeAll(async () => {
  nats = await startTestNatsServer();
  tested = await startTestNode({ natsUrl: nats.url, scripts: { busy } });
  session = await tested.openSession({ acknowledges: false });
  await session.startContext(contextId);
});

afterAll(async () => {
  await tested?.[Symbol.asyncDispose]();
  await nats?.[Symbol.asyncDispose]();
});

/** Runs a job with a large result. */
async function run(): Promise<"taken" | "refused"> {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "large" }, { length: 250_000 });
  return session.until("answer", () => {
    if (session.heard("refusal").some(({ id }) => id === jobId)) return "refused";
    return session.story(jobId).includes("succeeded") ? "taken" : undefined;
  });
}

test("a node with too many unacknowledged events refuses jobs and reduces events until they are acknowledged", async () => {
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "busy" });
  await session.jobEvent(jobId, "progress");
  while ((await run()) === "taken");
  expect(session.heard("refusal")[0]).toMatchObject({
    reason: Refusal_Reason.QUEUE_FULL,
    message: "Too many events of the node wait for gateways",
  });

  session.send({ $case: "cancelJob", value: { jobId } });
  const { event } = await session.final(jobId);
  const story = session.story(jobId);
  expect(story.slice(story.indexOf("cancelling"))).toEqual(["cancelling", "logged", "succeeded"]);
  const [logged] = (await session.jobEvent(jobId, "logged")).lines;
  expect(logged?.text).toBe("The log was cut here: too many events of the node wait for gateways.");
  expect(session.jobEvents(jobId).at(-1)?.lastProgress?.fraction).toBe(1);
  expect(event).toMatchObject({ value: { result: { sizeBytes: 2002, digest: expect.stringMatching(/^sha256:/) } } });
  expect(await run()).toBe("refused");

  session.acknowledge(session.heard("jobEvent").map(({ number }) => number));
  await expect.poll(run).toBe("taken");
});
