import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOOPBACK_CLUSTER } from "../cluster/mod.ts";
import {
  NODE_FAREWELL_SUBJECT,
  NODE_HEARTBEAT_SUBJECT,
  NODE_PING_SUBJECT,
  Node,
  Node_State,
  Refusal_Reason,
} from "../proto/node.ts";
import { startTestNatsServer, type TestNatsServer } from "../test/nats/server.ts";
import { NO_SPARK, startTestNode } from "../test/node/context_node.ts";
import { ScriptedRuntime } from "../test/node/scripted_runtime.ts";
import { log } from "../test/silent_log.ts";
import { until } from "../test/until.ts";
import { startNode } from "./node.ts";
import { describeDeno } from "./runtimes.ts";

let server: TestNatsServer;
let nats: NatsConnection;

beforeAll(async () => {
  server = await startTestNatsServer();
  nats = await connect({ servers: server.url });
});

afterAll(async () => {
  await nats.close();
  await server[Symbol.asyncDispose]();
});

/** Resolves with the next message on a subject about a node. */
async function nextAbout(subject: string, nodeId?: string): Promise<Node> {
  for await (const message of nats.subscribe(subject)) {
    const node = Node.fromJSON(message.json());
    if (nodeId === undefined || node.id === nodeId) return node;
  }
  throw new Error("the connection was closed");
}

test("a node announces itself, sends heartbeats, and announces its departure when it drains", async () => {
  await using tested = await startTestNode({ natsUrl: server.url, memoryBytes: 1024 ** 3 });
  const { id, address } = tested.node;
  expect(await nextAbout(NODE_HEARTBEAT_SUBJECT, id)).toMatchObject({
    id,
    address,
    state: Node_State.READY,
    load: { memoryBytes: 1024 ** 3, promisedMemoryBytes: 0, contexts: 0 },
  });
  const farewell = nextAbout(NODE_FAREWELL_SUBJECT, id);
  await nats.flush();
  await tested.node.drain();
  expect(await farewell).toMatchObject({ id, state: Node_State.DRAINING });
});

test.each([
  { verb: "PING", extra: {} },
  { verb: "INFO", extra: { description: "A Hearth context node", endpoints: [] } },
  { verb: "STATS", extra: { started: expect.any(String), endpoints: [] } },
])("a node responds to $verb of the NATS services protocol", async ({ verb, extra }) => {
  await using tested = await startTestNode({ natsUrl: server.url });
  const { id, address } = tested.node;
  for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.hearth-node`, `$SRV.${verb}.hearth-node.${id}`]) {
    const answer: Msg = await nats.request(subject, undefined, { timeout: 30_000 });
    expect(answer.json()).toEqual({
      type: `io.nats.micro.v1.${verb.toLowerCase()}_response`,
      name: "hearth-node",
      id,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      metadata: { address },
      ...extra,
    });
  }
});

test("a node announces itself at once on a ping", async () => {
  await using tested = await startTestNode({ natsUrl: server.url });
  let announcements = 0;
  const callback = (_error: Error | null, message: Msg): void => {
    if (Node.fromJSON(message.json()).id === tested.node.id) announcements += 1;
  };
  const subscription = nats.subscribe(NODE_HEARTBEAT_SUBJECT, { callback });
  for (let pings = 0; pings < 20; pings++) nats.publish(NODE_PING_SUBJECT);
  // Heartbeats alone would take 20 s.
  await until("20 announcements", () => announcements >= 20, { deadlineMs: 10_000 });
  subscription.unsubscribe();
});

test("a draining node refuses work, lets jobs finish, and flushes their last events", async () => {
  const finish = Promise.withResolvers<string>();
  const scripts = { patient: { run: () => finish.promise } };
  await using tested = await startTestNode({ natsUrl: server.url, scripts });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "patient" });
  await session.jobEvent(jobId, "running");

  const drained = tested.node.drain();
  const late = crypto.randomUUID();
  session.runJob({ jobId: late, contextId, entryPoint: "echo" });
  expect(await session.refusal(late)).toMatchObject({ reason: Refusal_Reason.DRAINING });
  finish.resolve("done");
  await drained;
  expect((await session.final(jobId)).result).toBe("done");
  expect(session.contextStory(contextId)).toEqual(["running", "stopping", "stopped"]);
  expect((await session.closed).code).toBe(0);
});

test("a draining node cancels jobs at the deadline, regardless of their grace periods", async () => {
  await using tested = await startTestNode({ natsUrl: server.url, drainTimeoutMs: 100 });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "stubborn", gracePeriodMs: 50 });
  await session.jobEvent(jobId, "running");
  const patientId = crypto.randomUUID();
  session.runJob({ jobId: patientId, contextId, entryPoint: "stubborn", gracePeriodMs: 90 * 24 * 3600 * 1000 });
  await session.jobEvent(patientId, "running");
  await tested.node.drain();
  for (const id of [jobId, patientId]) expect(session.story(id)).toEqual(["running", "cancelling", "cancelled"]);
});

test("a node waits at shutdown until its last events are acknowledged", async () => {
  await using tested = await startTestNode({ natsUrl: server.url });
  const session = await tested.openSession({ acknowledges: false });
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  let hasDrained = false;
  const drained = tested.node.drain().then(() => {
    hasDrained = true;
  });
  await session.contextEvent(contextId, "stopped");
  // Another session is welcomed: the node still serves.
  const other = await tested.openSession({ acknowledges: false });
  await other.contextEvent(contextId, "stopped");
  expect(hasDrained).toBe(false);
  other.acknowledge(other.heard("contextEvent").map(({ number }) => number));
  await drained;
});

test("a node waits at shutdown until a large result is fetched", async () => {
  await using tested = await startTestNode({ natsUrl: server.url });
  const session = await tested.openSession();
  const contextId = crypto.randomUUID();
  await session.startContext(contextId);
  const jobId = crypto.randomUUID();
  session.runJob({ jobId, contextId, entryPoint: "large" }, { length: 400_000 });
  const { event } = await session.final(jobId);
  const drained = tested.node.drain();
  await session.contextEvent(contextId, "stopped");
  const digest = event.$case === "succeeded" ? (event.value.result?.digest ?? "") : "";
  expect((await session.fetch(digest)).length).toBe(400_002);
  await drained;
});

test("a node does not start when its address is in use", async () => {
  await using tested = await startTestNode({ natsUrl: server.url });
  await using runtime = new ScriptedRuntime();
  const config = {
    nats: { url: server.url },
    cluster: LOOPBACK_CLUSTER,
    listen: tested.node.address,
    advertise: undefined,
    dataDir: tested.dataDir,
    cacheBytes: 1,
    memoryBytes: 1,
    maxResultBytes: 1,
    loadTimeoutMs: 1,
    labels: {},
    sandbox: { isolation: "auto" as const, bubblewrap: undefined },
    secrets: { dir: undefined, contexts: {} },
    permissions: { net: {} },
    spares: 0,
    drainTimeoutMs: 0,
    spark: NO_SPARK,
  };
  await expect(startNode(config, { log, runtimes: [describeDeno(runtime)] })).rejects.toThrow(
    `Cannot listen on "${tested.node.address}"`,
  );
});
