import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Job_State, NODE_HEARTBEAT_SUBJECT } from "../../../proto/mod.ts";
import { startGateway, startNode } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest } from "../../http/rest.ts";
import { startTestNatsServer, type TestNatsServer } from "../../nats/server.ts";
import { readJobEvents } from "../../nats/stored_events.ts";
import { startTestNode } from "../../node/context_node.ts";
import { untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = "export const echo = ({ config }) => config;";

let stack: AsyncDisposableStack;
let nats: TestNatsServer;
let directory: string;
let lines: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  nats = stack.use(await startTestNatsServer());
  directory = stack.use(await createTemporaryDirectory()).path;
  lines = [];
});

afterEach(() => stack.disposeAsync());

function part(name: string) {
  const onLine = (line: string) => lines.push(line);
  return { natsUrl: nats.url, listen: "127.0.0.1:0", dataDir: join(directory, name), onLine };
}

function count(text: string): number {
  return lines.filter((line) => line.includes(text)).length;
}

test("sessions and jobs continue while NATS is down, and their events are published when it is back", async () => {
  stack.use(await startNode(part("node")));
  const gateway = stack.use(await startGateway(part("gateway")));
  const url = `http://${gateway.ready}`;
  await untilNodesAreReady(url, 1);
  const rest = createRest(url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("shared");

  await nats.stop();
  await until("the gateway has noticed", () => count("NATS connection lost") > 0);
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "shared", config: { n: 1 } });
  expect({ state: job.state, result }).toEqual({ state: Job_State.SUCCEEDED, result: { n: 1 } });
  await untilNodesAreReady(url, 1);

  await nats.start();
  await until("both are back", () => count("NATS is back") > 0 && count("NATS connection is back") > 0);
  expect((await readJobEvents(nats.url, job.id)).at(-1)).toMatchObject({ type: "succeeded" });
  expect(count("session closed")).toBe(0);
  stack.use(await startNode(part("another")));
  await untilNodesAreReady(url, 2);
});

test("a gateway that is started before NATS waits for it", async () => {
  await nats.stop();
  const starting = startGateway(part("gateway"));
  await until("the gateway waits", () => count("NATS is not there yet") > 0);
  await nats.start();
  const gateway = stack.use(await starting);
  stack.use(await startNode(part("node")));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
});

test("a node with a changed address is found at the new one", async () => {
  const gateway = stack.use(await startGateway(part("gateway")));
  // On a server of its own the node announces itself to nobody here.
  const elsewhere = stack.use(await startTestNatsServer());
  const { node } = stack.use(await startTestNode({ natsUrl: elsewhere.url }));
  const connection = stack.adopt(await connect({ servers: nats.url }), (opened) => opened.close());
  const announce = (id: string, address: string) =>
    connection.publish(NODE_HEARTBEAT_SUBJECT, JSON.stringify({ id, address }));
  announce(node.id, "127.0.0.1:1");
  await until("nobody is there", () => count("could not open a session") > 0);
  const beat = setInterval(() => announce(node.id, node.address), 200);
  stack.defer(() => clearInterval(beat));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
});

test("a node that identifies as another one than announced gets no commands", async () => {
  const gateway = stack.use(await startGateway(part("gateway")));
  const elsewhere = stack.use(await startTestNatsServer());
  const { node } = stack.use(await startTestNode({ natsUrl: elsewhere.url }));
  const connection = stack.adopt(await connect({ servers: nats.url }), (opened) => opened.close());
  connection.publish(NODE_HEARTBEAT_SUBJECT, JSON.stringify({ id: "another", address: node.address }));
  await until("it is refused", () => count(`node \\"another\\" calls itself \\"${node.id}\\"`) > 0);
  await untilNodesAreReady(`http://${gateway.ready}`, 0);
});
