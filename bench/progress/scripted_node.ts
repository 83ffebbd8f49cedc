/** A node that runs no jobs: `scripted_node.ts <URL of NATS>` accepts each job and reports progress as fast as the gateway acknowledges it. */
import { randomUUID } from "node:crypto";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { connect } from "@nats-io/transport-node";
import {
  ContextEvent,
  type GatewayMessage,
  HEARTBEAT_INTERVAL_MS,
  JobEvent,
  type Load,
  NODE_HEARTBEAT_SUBJECT,
  Node,
  Node_State,
  type NodeMessage,
  NodeRuntime,
  type OpenRequest,
  type OpenResponse,
  printNode,
  type RunJob,
  RuntimeName,
  SessionServiceService,
} from "../../proto/node.ts";

type Message = NonNullable<NodeMessage["message"]>;
type Stream = ServerDuplexStream<OpenRequest, OpenResponse>;

/** Events that may wait for their acknowledgement. A node's own limit, 64 MiB, holds ten times as many of this size. */
const WINDOW = 10_000;

/** Events in one frame. */
const BATCH = 200;

const ID = randomUUID();

/** One session. The numbers of events rise over all of its jobs. */
class Peer {
  readonly #stream: Stream;
  #lastNumber = 0;
  #unacknowledged = 0;
  #woken = Promise.withResolvers<void>();

  constructor(stream: Stream) {
    this.#stream = stream;
    // The gateway has disconnected.
    stream.on("error", () => stream.end());
    stream.on("end", () => stream.end());
    stream.on("drain", () => this.#woken.resolve());
    stream.on("data", ({ messages }: OpenRequest) => {
      for (const { message, requestId } of messages) if (message !== undefined) this.#receive(message, requestId);
    });
    const value = { nodeId: ID, version: "0.0.0", contextIds: [], jobs: [], load: describeLoad() };
    this.#send([{ $case: "welcome", value }]);
    const beat = setInterval(() => this.#send([{ $case: "load", value: describeLoad() }]), HEARTBEAT_INTERVAL_MS);
    stream.on("close", () => clearInterval(beat));
  }

  #receive(message: NonNullable<GatewayMessage["message"]>, requestId: number): void {
    switch (message.$case) {
      case "acknowledgement":
        this.#unacknowledged -= message.value.numbers.length;
        this.#woken.resolve();
        return;
      case "startContext": {
        const { contextId, name: context, firstSeq } = message.value;
        const event = { $case: "running", value: {} } as const;
        const running = ContextEvent.create({ contextId, context, seq: firstSeq, time: new Date(), nodeId: ID, event });
        this.#unacknowledged++;
        const number = ++this.#lastNumber;
        this.#send([{ $case: "contextEvent", value: { event: ContextEvent.encode(running).finish(), number } }]);
        return;
      }
      case "runJob":
        if (message.value.confirm) this.#send([{ $case: "acceptance", value: message.value }], requestId);
        void this.#run(message.value);
        return;
      default:
    }
  }

  async #run({ jobId, attempt, contextId, firstSeq, config }: RunJob): Promise<void> {
    const { events } = JSON.parse(Buffer.from(config).toString()) as { events: number };
    let seq = firstSeq;
    const record = (event: NonNullable<JobEvent["event"]>): Message => {
      const all = JobEvent.create({ jobId, attempt, contextId, seq: seq++, time: new Date(), nodeId: ID, event });
      this.#unacknowledged++;
      const value = { event: JobEvent.encode(all).finish(), result: new Uint8Array(), number: ++this.#lastNumber };
      return { $case: "jobEvent", value: { ...value, again: false } };
    };
    this.#send([record({ $case: "running", value: { executor: 1 } })]);
    for (let sent = 0; sent < events && !this.#stream.closed; ) {
      const batch: Message[] = [];
      for (; batch.length < BATCH && sent < events; sent++) {
        const value = { fraction: sent / events, message: `step ${sent}`, fields: undefined, stages: [] };
        batch.push(record({ $case: "progress", value }));
      }
      this.#woken = Promise.withResolvers();
      const takesMore = this.#send(batch);
      if (!takesMore || this.#unacknowledged > WINDOW) await this.#woken.promise;
      else await new Promise(setImmediate);
    }
    this.#send([record({ $case: "succeeded", value: { result: undefined, value: undefined } })]);
  }

  /** Whether the stream accepts more without buffering. */
  #send(messages: Message[], requestId = 0): boolean {
    return this.#stream.write({ messages: messages.map((message) => ({ message, requestId })) });
  }
}

function describeLoad(): Load {
  const node = { memoryBytes: 2 ** 33, promisedMemoryBytes: 0, contexts: 0, runningJobs: 0, queuedJobs: 0 };
  return { node, contexts: {}, draining: false };
}

const server = new Server();
server.addService(SessionServiceService, { open: (stream: Stream) => void new Peer(stream) });
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
    error === null ? resolve(bound) : reject(error),
  );
});
const nats = await connect({ servers: process.argv[2] ?? "" });
const deno = NodeRuntime.create({ runtime: RuntimeName.DENO, available: true, version: "1.0.0" });
const node = Node.create({ id: ID, state: Node_State.READY, address: `127.0.0.1:${port}`, runtimes: [deno] });
const announce = (): void => {
  nats.publish(NODE_HEARTBEAT_SUBJECT, printNode({ ...node, version: "0.0.0", load: describeLoad().node }));
};
setInterval(announce, HEARTBEAT_INTERVAL_MS);
announce();
console.log(`listening on ${port}`);
