import { createSecretKey } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { credentials, status } from "@grpc/grpc-js";
import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Cluster,
  claimSession,
  createSigner,
  LOOPBACK_CLUSTER,
  type Secrets,
  SIGNATURE_HEADER,
} from "../../../cluster/mod.ts";
import { NODE_HEARTBEAT_SUBJECT, Node } from "../../../proto/node.ts";
import { type Authority, type CertificateFiles, createAuthority } from "../../auth/certificates.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startTestNode, type TestNode } from "../../node/context_node.ts";
import { GatewaySession } from "../../node/gateway_session.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const SECRET = "the secret of all our gateways and nodes";
const OTHERS = "the secret of somebody else's gateways";

const stack = new AsyncDisposableStack();
const lines: string[] = [];
let hearth: Hearth;
let nats: NatsConnection;
/** A node with the secret, in this process. */
let tested: TestNode;

beforeAll(async () => {
  hearth = stack.use(
    await startHearth({ config: { cluster: { secret: SECRET } }, onLine: (line) => lines.push(line) }),
  );
  nats = stack.adopt(await connect({ servers: hearth.natsUrl }), (connection) => connection.close());
  tested = stack.use(await startTestNode({ natsUrl: hearth.natsUrl, cluster: knowing(SECRET) }));
});

afterAll(() => stack.disposeAsync());

function keysOf(secret: string): Secrets {
  return [createSecretKey(secret, "utf8")];
}

function knowing(secret: string): Cluster {
  return { ...LOOPBACK_CLUSTER, secret: keysOf(secret) };
}

/** What a gateway with a secret says to a node. */
function claim(nodeId: string, secret = SECRET) {
  return claimSession({ current: keysOf(secret) }, nodeId);
}

/** Resolves when a process has logged a line that holds all of these texts. */
async function logged(...texts: string[]): Promise<void> {
  await until(`a line with ${texts.join(", ")}`, async () =>
    lines.some((line) => texts.every((text) => line.includes(text))),
  );
}

/** Announces a node, and keeps doing so until disposed. */
function announce(node: Partial<Node>, { secret }: { secret?: string | undefined } = {}): Disposable {
  const sign = secret === undefined ? undefined : createSigner({ current: keysOf(secret) });
  const payload = JSON.stringify(Node.toJSON(Node.create(node)));
  const beat = (): void => {
    const signed = headers();
    if (sign) signed.set(SIGNATURE_HEADER, sign({ subject: NODE_HEARTBEAT_SUBJECT, payload }));
    nats.publish(NODE_HEARTBEAT_SUBJECT, payload, { headers: signed });
  };
  beat();
  const timer = setInterval(beat, 200);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** An address that counts who connects to it. */
async function openTrap() {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    address: `127.0.0.1:${port}`,
    connections: () => connections,
    [Symbol.dispose]: () => {
      server.close();
    },
  };
}

test("gateways and nodes with one secret work together", async () => {
  await untilNodesAreReady(hearth.url, 2);
});

test.each([
  ["with another secret", OTHERS, "it is signed with another secret"],
  ["without a secret", undefined, "it is not signed"],
])("a gateway does not connect to a node %s", async (_what, secret, reason) => {
  using trap = await openTrap();
  using _stranger = announce({ id: `stranger-${secret}`, address: trap.address }, { secret });
  await logged(reason);
  expect(trap.connections()).toBe(0);
  await untilNodesAreReady(hearth.url, 2);
});

test("a replayed or altered announcement is ignored", async () => {
  using trap = await openTrap();
  const heard = nats.subscribe(NODE_HEARTBEAT_SUBJECT, { max: 1 });
  const real: Msg[] = [];
  for await (const message of heard) real.push(message);
  const said = real[0]?.string() ?? "";
  const signed = { headers: real[0]?.headers ?? headers() };
  nats.publish(NODE_HEARTBEAT_SUBJECT, said, signed);
  await logged("it was made before");

  const count = lines.length;
  const forged = JSON.stringify({ ...JSON.parse(said), address: trap.address });
  nats.publish(NODE_HEARTBEAT_SUBJECT, forged, signed);
  nats.publish("hearth.v1.nodes.farewell", said, signed);
  await nats.flush();
  await untilNodesAreReady(hearth.url, 2);
  expect(trap.connections()).toBe(0);
  expect(lines.slice(count).filter((line) => line.includes("session closed"))).toEqual([]);
});

test.each([
  ["knows no secret", LOOPBACK_CLUSTER, "the node did not prove that it knows the secret"],
  ["knows another secret", knowing(OTHERS), "The gateway has another secret than the node"],
])("a gateway leaves a node that %s, whoever announced it", async (_what, cluster, message) => {
  await using stranger = await startTestNode({ natsUrl: hearth.natsUrl, cluster });
  const { id, address } = stranger.node;
  using _announced = announce({ id, address }, { secret: SECRET });
  await logged("could not open a session", id, message);
  const { nodes } = (await (await fetch(`${hearth.url}/v1/nodes`)).json()) as {
    nodes: { id: string; state: string }[];
  };
  expect(nodes.find((node) => node.id === id)?.state).not.toBe("READY");
});

test("a gateway without the secret gets no session", async () => {
  await using session = new GatewaySession(tested.node.address);
  expect(await session.closed).toMatchObject({ code: status.UNAUTHENTICATED });
  expect(session.messages).toEqual([]);
});

test("a gateway without a proof receives nothing, and its commands are not read", async () => {
  await using session = new GatewaySession(tested.node.address);
  session.send({ $case: "stopContext", value: { contextId: crypto.randomUUID(), force: true, drain: false } });
  expect(await session.closed).toMatchObject({ code: status.UNAUTHENTICATED });
  expect(session.messages).toEqual([]);
});

test("a gateway that proves that it knows the secret receives the node's proof and a welcome", async () => {
  const claimed = claim(tested.node.id);
  await using session = new GatewaySession(tested.node.address, { proof: claimed.proof });
  await session.welcome();
  expect(claimed.isAnsweredBy(await session.proof)).toBe(true);
  expect(claim(tested.node.id).isAnsweredBy(await session.proof)).toBe(false);
});

test("a session ends when its gateway proves itself and then falls silent", async () => {
  const { proof } = claim(tested.node.id);
  await using session = new GatewaySession(tested.node.address, { proof, isAlive: false });
  expect(await session.closed).toMatchObject({ code: status.DEADLINE_EXCEEDED });
});

test.each([
  ["under another secret", () => claim(tested.node.id, OTHERS).proof, "another secret"],
  ["for another node", () => claim("another node").proof, "another secret than the node (cluster.secret), or wants"],
  ["that is none", () => "1.2.3", "another secret"],
  ["that was altered", () => claim(tested.node.id).proof.replace(/^./, "2"), "another secret"],
])("a gateway with a proof %s gets no session", async (_what, prove, reason) => {
  await using session = new GatewaySession(tested.node.address, { proof: prove() });
  expect(await session.closed).toMatchObject({
    code: status.UNAUTHENTICATED,
    details: expect.stringContaining(reason),
  });
  expect(session.messages).toEqual([]);
});

test("a proof is valid for one session only", async () => {
  const { proof } = claim(tested.node.id);
  await using first = new GatewaySession(tested.node.address, { proof });
  await first.welcome();
  await using second = new GatewaySession(tested.node.address, { proof });
  expect(await second.closed).toMatchObject({ code: status.UNAUTHENTICATED, details: "The proof was used before" });
});

test("without secret and certificates a gateway opens no session to another machine", async () => {
  const heard: string[] = [];
  await using open = await startHearth({ onLine: (line) => heard.push(line) });
  await using connection = stackOf(await connect({ servers: open.natsUrl }));
  const payload = JSON.stringify({ id: "elsewhere", address: "192.0.2.1:7000" });
  connection.nats.publish(NODE_HEARTBEAT_SUBJECT, payload);
  await until("the refusal", async () => heard.some((line) => line.includes("it is another machine")));
});

function stackOf(connection: NatsConnection) {
  return { nats: connection, [Symbol.asyncDispose]: () => connection.close() };
}

async function withCertificates() {
  await using starting = new AsyncDisposableStack();
  const directory = starting.use(await createTemporaryDirectory());
  const ours = await createAuthority(directory.path, "ours");
  const files = { ...(await ours.issue("member", { name: "member" })), ca: ours.ca };
  const heard: string[] = [];
  const system = starting.use(
    await startHearth({ config: { cluster: { tls: files } }, onLine: (line) => heard.push(line) }),
  );
  const owned = starting.move();
  return { directory: directory.path, ours, files, heard, system, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Of a gateway that shows this certificate, or none. */
function credentialsOf({ ca }: Pick<Authority, "ca">, shown?: CertificateFiles) {
  const [key, cert] = shown ? [readFileSync(shown.key), readFileSync(shown.cert)] : [null, null];
  return credentials.createSsl(readFileSync(ca), key, cert);
}

function showing(tls: CertificateFiles & { readonly ca: string }): Cluster {
  return { ...LOOPBACK_CLUSTER, tls };
}

test("gateways and nodes with certificates of one authority work together, and with nobody else", async () => {
  await using made = await withCertificates();
  const { directory, ours, files, heard, system } = made;
  const theirs = await createAuthority(directory, "theirs");
  const expired = await ours.issue("expired", { name: "member", notAfter: new Date(Date.now() - 60_000) });
  const stranger = await theirs.issue("stranger", { name: "member" });

  const strangers = [expired, stranger];
  for (const shown of strangers) {
    await using node = await startTestNode({ natsUrl: system.natsUrl, cluster: showing({ ...shown, ca: ours.ca }) });
    const { id } = node.node;
    await until(`no session with ${id}`, async () =>
      heard.some((line) => line.includes("could not open a session") && line.includes(id)),
    );
  }

  await using node = await startTestNode({ natsUrl: system.natsUrl, cluster: showing(files) });
  await untilNodesAreReady(system.url, 2);
  const address = node.node.address.replace("127.0.0.1", "localhost");
  for (const shown of strangers) {
    await using session = new GatewaySession(address, { credentials: credentialsOf(ours, shown) });
    expect(await session.closed).toMatchObject({ code: status.UNAVAILABLE });
  }
  for (const anonymous of [credentialsOf(ours), credentials.createInsecure()]) {
    await using session = new GatewaySession(address, { credentials: anonymous });
    expect(await session.closed).toMatchObject({ code: status.UNAVAILABLE });
  }
  await using session = new GatewaySession(address, { credentials: credentialsOf(ours, files) });
  await session.welcome();
});
