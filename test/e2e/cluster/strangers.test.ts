import { createSecretKey } from "node:crypto";
import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type Http2Stream, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { credentials, makeGenericClientConstructor, type StatusObject, status } from "@grpc/grpc-js";
import { connect as connectNats, headers } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSigner, LOOPBACK_CLUSTER, type Secrets, SIGNATURE_HEADER } from "../../../cluster/mod.ts";
import { NODE_HEARTBEAT_SUBJECT, Node, SessionServiceService } from "../../../proto/node.ts";
import { startTestNode, type TestNode } from "../../node/context_node.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const SECRET = "the secret of all our gateways and nodes";
const KEYS: Secrets = [createSecretKey(SECRET, "utf8")];
const { path } = SessionServiceService.open;
const GRPC = { "content-type": "application/grpc+proto" };
const MIB = 1024 ** 2;

/** What is under way when the other end has stopped to read: its windows, and the buffers of sockets. */
const UNDER_WAY_BYTES = MIB;

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let tested: TestNode;

beforeAll(async () => {
  hearth = stack.use(await startHearth({ config: { cluster: { secret: SECRET } } }));
  tested = stack.use(await startTestNode({ natsUrl: hearth.natsUrl, cluster: { ...LOOPBACK_CLUSTER, secret: KEYS } }));
});

afterAll(() => stack.disposeAsync());

/** The begin of a frame of that many bytes. */
function frameHead(sizeBytes: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(sizeBytes, 1);
  return head;
}

/** Sends a frame as fast as the other end takes it, until the stream has ended or all is sent. */
async function flood(stream: Http2Stream & { write(chunk: Buffer): boolean }, sizeBytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024);
  stream.on("error", () => {});
  const closed = once(stream, "close");
  stream.write(frameHead(sizeBytes));
  for (let sent = 0; sent < sizeBytes && !stream.closed; sent += chunk.length) {
    if (!stream.write(chunk)) await Promise.race([once(stream, "drain"), closed]);
  }
}

test("a gateway that has proved nothing is refused before a byte of its frames is read", async () => {
  await using session = openHttp2(`http://${tested.node.address}`);
  const stream = session.http2.request({ ":method": "POST", ":path": path, te: "trailers", ...GRPC });
  const answered = once(stream, "response");
  const sending = flood(stream, 512 * MIB);
  const [answer] = await answered;
  expect(Number(answer["grpc-status"])).toBe(status.UNAUTHENTICATED);
  expect(session.http2.socket.bytesWritten).toBeLessThan(UNDER_WAY_BYTES);
  stream.destroy();
  await sending;
});

test("a gRPC client that sends large frames on many streams gets no session, and the node keeps serving", async () => {
  const raw = {
    open: {
      ...SessionServiceService.open,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
  const Client = makeGenericClientConstructor(raw, "SessionService");
  const client = new Client(tested.node.address, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  const ended = Array.from({ length: 8 }, () => {
    const stream = client.makeBidiStreamRequest(path, raw.open.requestSerialize, raw.open.responseDeserialize);
    stream.on("error", () => {});
    for (let frame = 0; frame < 4; frame++) stream.write(Buffer.alloc(16 * MIB));
    return new Promise<StatusObject>((resolve) => stream.on("status", resolve));
  });
  for (const { code } of await Promise.all(ended)) expect(code).toBe(status.UNAUTHENTICATED);
  client.close();
  await untilNodesAreReady(hearth.url, 2);
});

test("a gateway reads no frames of a node that has proved nothing, whoever announced it", async () => {
  const sockets: Socket[] = [];
  const server = createServer().listen(0, "127.0.0.1");
  server.on("connection", (socket: Socket) => sockets.push(socket));
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, ...GRPC });
    void flood(stream, 512 * MIB);
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const nats = await connectNats({ servers: hearth.natsUrl });
  const payload = JSON.stringify(Node.toJSON(Node.create({ id: "stranger", address: `127.0.0.1:${port}` })));
  const signed = headers();
  signed.set(SIGNATURE_HEADER, createSigner({ current: KEYS })({ subject: NODE_HEARTBEAT_SUBJECT, payload }));
  nats.publish(NODE_HEARTBEAT_SUBJECT, payload, { headers: signed });
  await until("the gateway has left", () => sockets[0]?.closed === true);
  expect(sockets[0]?.bytesWritten).toBeLessThan(UNDER_WAY_BYTES);
  await nats.close();
  server.close();
  await untilNodesAreReady(hearth.url, 2);
});

function openHttp2(url: string): { readonly http2: ClientHttp2Session } & AsyncDisposable {
  const http2 = connect(url);
  http2.on("error", () => {});
  return {
    http2,
    async [Symbol.asyncDispose]() {
      http2.destroy();
    },
  };
}
