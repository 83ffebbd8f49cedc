import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type GatewayMessage,
  type NodeMessage,
  type OpenRequest,
  type OpenResponse,
  Refusal_Reason,
  type SessionServiceServer,
  SessionServiceService,
} from "../../proto/node.ts";
import { until } from "../../test/until.ts";
import { type NodeSession, openSession } from "./session.ts";

type Told = NonNullable<NodeMessage["message"]>;

/** The node's end of a session. Records messages, and sends what the test says. */
class Peer {
  readonly heard: GatewayMessage[] = [];
  readonly #stream: ServerDuplexStream<OpenRequest, OpenResponse>;

  constructor(stream: ServerDuplexStream<OpenRequest, OpenResponse>) {
    this.#stream = stream;
    stream.on("error", () => {});
    stream.on("data", ({ messages }: OpenRequest) => this.heard.push(...messages));
    const load = { node: undefined, contexts: {}, draining: false };
    this.tell({ $case: "welcome", value: { nodeId: "n", version: "", contextIds: [], jobs: [], load } });
  }

  tell(message: Told, requestId = 0): void {
    this.#stream.write({ messages: [{ message, requestId }] });
  }

  async commandOf($case: string): Promise<GatewayMessage> {
    const find = () => this.heard.find(({ message }) => message?.$case === $case);
    await until(`the node heard ${$case}`, () => find() !== undefined);
    return find() as GatewayMessage;
  }

  end(): void {
    this.#stream.end();
  }

  fail(): void {
    this.#stream.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "enough" });
  }
}

let stack: AsyncDisposableStack;
let session: NodeSession;
let peer: Peer;
let onStarted: () => void;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  onStarted = () => {};
  const server = new Server();
  const open: SessionServiceServer["open"] = (stream) => {
    peer = new Peer(stream);
  };
  server.addService(SessionServiceService, { open });
  stack.defer(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const closing = new AbortController();
  session = await openSession({
    ...{ gatewayId: "g", version: "", nodeId: "n", address: `127.0.0.1:${port}`, labels: {}, runtimes: [] },
    membership: { secrets: undefined, identity: undefined, insecure: true, [Symbol.dispose]() {} },
    observer: { jobEvent() {}, jobStarted: () => onStarted(), contextEvent() {}, blobRequested() {} },
    signal: closing.signal,
  });
  stack.defer(() => closing.abort());
});

afterEach(() => stack.disposeAsync());

test("two commands about one job get their own replies", async () => {
  const value = { jobId: "j" };
  using first = session.ask({ $case: "cancelJob", value });
  using second = session.ask({ $case: "cancelJob", value });
  await until("both arrived", () => peer.heard.filter(({ message }) => message?.$case === "cancelJob").length === 2);
  const [one, two] = peer.heard.filter(({ message }) => message?.$case === "cancelJob");
  const refusal = { id: "j", reason: Refusal_Reason.NOT_HELD, message: "gone" };
  peer.tell({ $case: "refusal", value: refusal }, two?.requestId);
  expect(await second.given).toEqual(refusal);
  peer.tell({ $case: "acceptance", value }, one?.requestId);
  expect(await first.given).toBeUndefined();
});

test("an abandoned command does not consume the reply to another", async () => {
  const value = { jobId: "j" };
  using staying = session.ask({ $case: "cancelJob", value });
  session.ask({ $case: "cancelJob", value })[Symbol.dispose]();
  const { requestId } = await peer.commandOf("cancelJob");
  peer.tell({ $case: "acceptance", value }, requestId);
  expect(await staying.given).toBeUndefined();
});

test("a command without a reply rejects after its time limit", async () => {
  using answer = session.ask({ $case: "cancelJob", value: { jobId: "j" } }, { timeoutMs: 10 });
  await expect(answer.given).rejects.toThrow("Node n did not reply within 10 ms");
});

test.each<[string, Told]>([
  ["an invalid message", { $case: "jobStarted", value: { jobId: "j", attempt: 1, time: new Date(Number.NaN) } }],
  [
    "that it is another node",
    {
      $case: "welcome",
      value: { nodeId: "other", version: "", contextIds: [], jobs: [], load: undefined },
    },
  ],
])("a node that sends %s ends its session", async (_, told) => {
  onStarted = () => {
    throw new Error("no such time");
  };
  peer.tell(told);
  await session.closed;
  expect(session.nodeId).toBe("n");
});

test("findMissing() rejects when the node does not reply in time", async () => {
  const missing = session.findMissing({ contextIds: ["c"], jobs: [] }, { timeoutMs: 10 });
  await expect(missing).rejects.toThrow("it did not answer within 10 ms");
});

test("content errors when the node is silent, and arrives when it is slow", async () => {
  const received = session.blobs.request({ $case: "digest", value: "sha256:slow" }, { silenceMs: 1000 }).getReader();
  const { message } = await peer.commandOf("blobRequest");
  const requestId = message?.$case === "blobRequest" ? message.value.requestId : 0;
  const started = performance.now();
  for (let byte = 0; performance.now() - started < 1500; byte++) {
    const bytes = Uint8Array.of(byte % 256);
    peer.tell({ $case: "blobChunk", value: { requestId, bytes, last: false, error: "", mediaType: "" } });
    expect([...((await received.read()).value ?? [])]).toEqual([...bytes]);
  }
  await expect(received.read()).rejects.toThrow("No data of digest sha256:slow for 1000 ms");
});

test.each([
  ["the node ends it", () => peer.end()],
  ["the node fails it", () => peer.fail()],
  ["it is closed here", () => session.close(new Error("silent"))],
])("content in flight is closed when the session ends: %s", async (_, end) => {
  let isClosed = false;
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(256 * 1024);
    } finally {
      isClosed = true;
    }
  }
  const sent = session.blobs.send(1, content());
  await peer.commandOf("blobChunk");
  end();
  await session.closed;
  await sent;
  expect(isClosed).toBe(true);
});
