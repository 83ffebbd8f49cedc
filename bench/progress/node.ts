/**
 * A node that is a script: `node.ts <URL of NATS>`. Its contexts run nothing; a job of them reports progress as often as its config says, as fast as
 * gateways acknowledge it. A real node passes on ten reports a second of one job.
 */
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
  Node_State,
  type NodeMessage,
  type OpenRequest,
  type OpenResponse,
  printNode,
  RuntimeName,
  type SessionServiceServer,
  SessionServiceService,
} from "../../proto/node.ts";

/** Events without acknowledgement, as many as a real node of small events would have under way. */
const WINDOW = 4096;

/** Events of one frame. */
const FRAME = 128;

type Told = NonNullable<NodeMessage["message"]>;
type RunJob = Extract<NonNullable<GatewayMessage["message"]>, { $case: "runJob" }>["value"];

const nodeId = randomUUID();
const GIBIBYTE = 1024 ** 3;
const nodeLoad = { memoryBytes: 64 * GIBIBYTE, promisedMemoryBytes: 0, contexts: 0, runningJobs: 0, queuedJobs: 0 };
const load: Load = { node: nodeLoad, contexts: {}, draining: false };

/** One gateway's session. */
class Session {
  readonly #stream: ServerDuplexStream<OpenRequest, OpenResponse>;
  #number = 0;
  #underWay = 0;
  /** Goes on with the job, when there is room for its events. */
  #goOn: (() => void) | undefined;

  constructor(stream: ServerDuplexStream<OpenRequest, OpenResponse>) {
    this.#stream = stream;
    stream.on("error", () => {});
    stream.on("data", ({ messages }: OpenRequest) => {
      for (const message of messages) this.#obey(message);
    });
    this.#tell([{ $case: "welcome", value: { nodeId, version: "", contextIds: [], jobs: [], load } }]);
    const beat = setInterval(() => this.#tell([{ $case: "load", value: load }]), HEARTBEAT_INTERVAL_MS);
    stream.on("close", () => clearInterval(beat));
  }

  #tell(messages: readonly Told[], requestId = 0): void {
    this.#stream.write({ messages: messages.map((message) => ({ message, requestId })) });
  }

  #obey({ message, requestId }: GatewayMessage): void {
    switch (message?.$case) {
      case "startContext": {
        const { contextId, name: context, firstSeq } = message.value;
        this.#tell([{ $case: "acceptance", value: { jobId: "" } }], requestId);
        const value = { warnings: [], applicationId: "", uiUrl: "" };
        const base = { contextId, context, seq: firstSeq || 1, time: new Date(), nodeId, omitted: "" };
        const event = ContextEvent.encode({ ...base, event: { $case: "running", value } }).finish();
        this.#tell([{ $case: "contextEvent", value: { event, number: ++this.#number } }]);
        this.#underWay += 1;
        return;
      }
      case "runJob":
        if (message.value.confirm) this.#tell([{ $case: "acceptance", value: { jobId: "" } }], requestId);
        this.#run(message.value);
        return;
      case "holdingsRequest": {
        const value = { requestId: message.value.requestId, missingContextIds: [], missingJobIds: [] };
        this.#tell([{ $case: "holdingsAnswer", value }]);
        return;
      }
      case "acknowledgement":
        this.#underWay -= message.value.numbers.length;
        this.#goOn?.();
        return;
      default:
        return;
    }
  }

  #run(job: RunJob): void {
    const { events } = JSON.parse(Buffer.from(job.config).toString()) as { events: number };
    let seq = job.firstSeq || 1;
    let left = events;
    this.#events(job, seq++, [{ $case: "running", value: { executor: 0 } }]);
    this.#goOn = () => {
      while (left > 0 && this.#underWay < WINDOW) {
        const count = Math.min(left, FRAME);
        const progress = Array.from({ length: count }, (_, index) => {
          const value = { fraction: 1 - (left - index) / events, message: "counting", fields: undefined, stages: [] };
          return { $case: "progress" as const, value };
        });
        this.#events(job, seq, progress);
        seq += count;
        left -= count;
      }
      if (left > 0) return;
      this.#goOn = undefined;
      const result = { mediaType: "application/json", sizeBytes: 0, digest: "" };
      this.#events(job, seq, [{ $case: "succeeded", value: { result, value: undefined } }]);
    };
    this.#goOn();
  }

  #events({ jobId, attempt, contextId }: RunJob, first: number, happenings: NonNullable<JobEvent["event"]>[]): void {
    const base = { jobId, attempt, contextId, time: new Date(), nodeId, omitted: "" };
    this.#underWay += happenings.length;
    this.#tell(
      happenings.map((event, index): Told => {
        const told = { ...base, seq: first + index, lastProgress: undefined, startTime: undefined, event };
        const record = { event: JobEvent.encode(told).finish(), result: new Uint8Array(), number: ++this.#number };
        return { $case: "jobEvent", value: { ...record, again: false } };
      }),
    );
  }
}

const server = new Server({ "grpc.max_receive_message_length": -1 });
const service: SessionServiceServer = { open: (stream) => void new Session(stream) };
server.addService(SessionServiceService, service);
const bound = Promise.withResolvers<number>();
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
  error === null ? bound.resolve(port) : bound.reject(error),
);
const address = `127.0.0.1:${await bound.promise}`;

const nats = await connect({ servers: process.argv[2] ?? "" });
const runtime = {
  runtime: RuntimeName.DENO,
  available: true,
  version: "0",
  detail: "",
  scalaVersion: "",
  javaVersion: 0,
};
const described = { id: nodeId, state: Node_State.READY, address, version: "", load: nodeLoad };
const announcement = printNode({ ...described, heardTime: undefined, labels: {}, walls: [], runtimes: [runtime] });
const announce = (): void => nats.publish(NODE_HEARTBEAT_SUBJECT, announcement);
announce();
setInterval(announce, HEARTBEAT_INTERVAL_MS);
console.log("announced");
process.once("SIGTERM", () => process.exit(0));
