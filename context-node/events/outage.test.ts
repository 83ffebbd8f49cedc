import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";
import { EVENT_STREAM, Refusal_Reason } from "../../proto/node.ts";
import { startTestNode } from "../../test/context_node.ts";
import { startTestNatsServer } from "../../test/nats_server.ts";
import { readJobEvents } from "../../test/stored_events.ts";

test("events of a job that ends while NATS is away arrive when it is back, in order, and the job is held until then", async () => {
  await using nats = await startTestNatsServer();
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const before = crypto.randomUUID();
  session.runJob({ jobId: before, contextId, entryPoint: "stubborn", gracePeriodMs: 0 });
  await session.jobEvent(before, "running");

  await nats.stop();
  session.send({ $case: "cancelJob", value: { jobId: before } });
  await session.final(before);
  const during = crypto.randomUUID();
  session.runJob({ jobId: during, contextId, entryPoint: "echo" }, { value: 1 });
  expect((await session.final(during)).result).toEqual({ value: 1 });
  const other = await tested.openSession({ gatewayId: "gateway-2" });
  expect((await other.welcome()).jobs.map(({ jobId }) => jobId)).toEqual([before, during]);

  await nats.start();
  const stored = await readJobEvents(nats.url, before);
  expect(stored.map(({ type }) => type)).toEqual(["running", "cancelling", "cancelled"]);
  expect((await readJobEvents(nats.url, during)).map(({ type }) => type)).toEqual(["running", "succeeded"]);
  const third = await tested.openSession({ gatewayId: "gateway-3" });
  expect((await third.welcome()).jobs).toEqual([]);
});

test.each(["deleted", "lost with the disk"])("events arrive though the stream was %s", async (how) => {
  await using nats = await startTestNatsServer();
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  if (how === "deleted") {
    await using connection = await connectToNats(nats.url);
    await (await jetstreamManager(connection.nats)).streams.delete(EVENT_STREAM);
  } else {
    await nats.stop();
    await nats.wipe();
  }
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "echo" }, { value: 1 });
  await session.final(jobId);
  if (how !== "deleted") await nats.start();

  // The node makes the stream; a reader finds none before.
  await using connection = await connectToNats(nats.url);
  const { streams } = await jetstreamManager(connection.nats);
  const count = () =>
    streams.info(EVENT_STREAM).then(
      ({ state }) => state.messages,
      () => 0,
    );
  await expect.poll(count, { timeout: 15_000 }).toBeGreaterThan(1);
  expect((await readJobEvents(nats.url, jobId)).map(({ type }) => type)).toEqual(["running", "succeeded"]);
});

async function connectToNats(url: string) {
  const nats = await connect({ servers: url });
  return { nats, [Symbol.asyncDispose]: () => nats.close() };
}

test("a node takes no more jobs when too many events wait for NATS, until it is back", async () => {
  await using nats = await startTestNatsServer();
  await using tested = await startTestNode({ natsUrl: nats.url });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const run = async (): Promise<"taken" | "refused"> => {
    const jobId = crypto.randomUUID();
    session.runJob({ jobId, contextId, entryPoint: "large" }, { length: 60_000 });
    return session.until("answer", () => {
      if (session.heard("refusal").some(({ id }) => id === jobId)) return "refused";
      return session.story(jobId).includes("succeeded") ? "taken" : undefined;
    });
  };
  await nats.stop();
  while ((await run()) === "taken");
  expect(session.heard("refusal")[0]).toMatchObject({
    reason: Refusal_Reason.QUEUE_FULL,
    message: "Too many events of the node wait for NATS",
  });

  await nats.start();
  await expect.poll(run).toBe("taken");
});
