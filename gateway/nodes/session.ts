import { Metadata } from "@grpc/grpc-js";
import { BlobStreams, claimSession, type Membership, PROOF_HEADER } from "../../cluster/mod.ts";
import { sessionEnded } from "../../proto/errors.ts";
import type { NodeRuntime } from "../../proto/mod.ts";
import {
  type BlobRequest,
  type ContextEventRecord,
  type GatewayMessage,
  HEARTBEAT_INTERVAL_MS,
  type HeldJob,
  type HoldingsAnswer,
  type JobEventRecord,
  type JobStarted,
  type Load,
  type NodeMessage,
  SessionServiceClient,
  SILENCE_LIMIT_MS,
  type Welcome,
} from "../../proto/node.ts";
import { type AskOptions, Commands, type ExpectedAnswer } from "./commands.ts";
import { MemoryReservations } from "./memory_reservations.ts";
import { NamedObjects } from "./named_objects.ts";
import { Answers } from "./pending_replies.ts";
import { sessionCredentials, targetName } from "./session_credentials.ts";
import { SessionFrames } from "./session_frames.ts";

/** Callbacks of a session, in the order of the node's messages. */
export interface SessionObserver {
  /** The receiver must acknowledge it. */
  jobEvent(session: NodeSession, record: JobEventRecord): void;
  jobStarted(session: NodeSession, started: JobStarted): void;
  /** To be acknowledged. */
  contextEvent(session: NodeSession, record: ContextEventRecord): void;
  /** The node requests content; respond with `session.blobs`. */
  blobRequested(session: NodeSession, request: BlobRequest): void;
}

const UNPROVEN =
  "the node did not prove that it knows the secret (cluster.secret), or is not the one that was announced";

type Message = NonNullable<GatewayMessage["message"]>;

/** Contexts and jobs that a node should hold. */
interface Believed {
  readonly contextIds: string[];
  readonly jobs: HeldJob[];
}

export interface SessionOptions {
  readonly gatewayId: string;
  readonly version: string;
  /** Id of the node, as announced. */
  readonly nodeId: string;
  readonly address: string;
  /** Proves that the node belongs to the cluster. */
  readonly membership: Membership;
  /** As the node announced. */
  readonly labels: Readonly<Record<string, string>>;
  /** As the node announced. */
  readonly runtimes: readonly NodeRuntime[];
  readonly observer: SessionObserver;
  readonly signal: AbortSignal;
}

/**
 * Opens the session with a node. Resolves when the node has sent its welcome. Rejects when the node cannot be reached, does not belong to
 * the cluster, or does not respond within the silence limit.
 */
export async function openSession(options: SessionOptions): Promise<NodeSession> {
  const client = new SessionServiceClient(options.address, sessionCredentials(options), {
    ...targetName(options),
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const session = new NodeSession(client, options);
  const timer = setTimeout(() => session.close(new Error("no welcome in time")), SILENCE_LIMIT_MS);
  try {
    await session.welcomed;
    return session;
  } finally {
    clearTimeout(timer);
  }
}

/** A session: one stream to one node. */
export class NodeSession {
  /** Resolves when the session is over, for any reason. */
  readonly closed: Promise<void>;
  readonly welcomed: Promise<Welcome>;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As announced last: a node may find or lose Spark. */
  runtimes: readonly NodeRuntime[];
  readonly blobs: BlobStreams;
  readonly objects: NamedObjects;
  readonly #client: SessionServiceClient;
  readonly #stream: ReturnType<SessionServiceClient["open"]>;
  readonly #frames: SessionFrames;
  readonly #observer: SessionObserver;
  readonly #holdings = new Answers<HoldingsAnswer>();
  readonly #commands: Commands;
  #welcome: Welcome | undefined;
  #load: Load | undefined;
  readonly #reservations = new MemoryReservations();
  #receivedAt = performance.now();
  #beatAt = performance.now();
  /** The reason for which the session ended. */
  #end: Error | undefined;

  constructor(client: SessionServiceClient, options: SessionOptions) {
    this.#client = client;
    this.#observer = options.observer;
    this.address = options.address;
    this.labels = options.labels;
    this.runtimes = options.runtimes;
    const { secrets } = options.membership;
    const claim = secrets && claimSession(secrets, options.nodeId);
    const metadata = new Metadata();
    if (claim) metadata.set(PROOF_HEADER, claim.proof);
    this.#stream = client.open(metadata);
    this.#frames = new SessionFrames(this.#stream);
    this.blobs = new BlobStreams(this.#frames);
    this.objects = new NamedObjects(this.#frames);
    this.#commands = new Commands(this.#frames);
    const welcomed = Promise.withResolvers<Welcome>();
    const closed = Promise.withResolvers<void>();
    this.welcomed = welcomed.promise;
    this.closed = closed.promise;
    const beat = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS);
    const end = (error: Error): void => {
      clearInterval(beat);
      options.signal.removeEventListener("abort", leave);
      welcomed.reject(error);
      this.#frames.close();
      this.blobs.close(error);
      this.#end = sessionEnded(this.address, error);
      this.objects.close(this.#end);
      this.#holdings.close(this.#end);
      this.#commands.close(this.#end);
      client.close();
      closed.resolve();
    };
    const leave = (): void => this.close(new Error("the gateway is closing"));
    options.signal.addEventListener("abort", leave);
    this.#stream.once("metadata", (answered: Metadata) => {
      // Checked before any message of the node is read.
      const [proof = ""] = answered.get(PROOF_HEADER);
      if (claim && !claim.isAnsweredBy(String(proof))) this.close(new Error(UNPROVEN));
    });
    this.#stream.on("data", ({ messages }) => {
      this.#receivedAt = performance.now();
      try {
        for (const message of messages) this.#receive(message, options.nodeId, welcomed.resolve);
      } catch (error) {
        // Malformed messages end the session, not the gateway.
        this.close(new Error(`the node sent an invalid message: ${error instanceof Error ? error.message : error}`));
      }
    });
    this.#stream.on("error", end);
    this.#stream.on("end", () => end(new Error("the node ended the session")));
    const { gatewayId, version } = options;
    this.send({ $case: "hello", value: { gatewayId, version } });
  }

  get nodeId(): string {
    return this.#opened.nodeId;
  }

  /** Ids of the contexts that the node held when the session opened. */
  get contextIdsAtOpening(): readonly string[] {
    return this.#opened.contextIds;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** The load as the node reported it last. */
  get load(): Load {
    return this.#load ?? this.#opened.load ?? { node: undefined, contexts: {}, draining: false };
  }

  get #opened(): Welcome {
    if (this.#welcome === undefined) throw new Error("the node has sent no welcome yet");
    return this.#welcome;
  }

  /** Memory that the node may still promise, less the memory of contexts on their way to it. */
  get freeMemoryBytes(): number {
    const { node } = this.load;
    return node === undefined ? 0 : node.memoryBytes - node.promisedMemoryBytes - this.#reservations.totalBytes;
  }

  /**
   * Reserves the memory of a context that is about to be sent to the node. Ends when the node's load shows the context, the node refuses
   * it, or it is released.
   */
  reserve(contextId: string, memoryBytes: number): void {
    this.#reservations.add(contextId, memoryBytes);
  }

  /** Releases the memory of a context that is not sent after all. */
  release(contextId: string): void {
    this.#reservations.release(contextId);
  }

  send(message: Message): void {
    this.#frames.send(message);
  }

  /** Acknowledges an event: it is stored or void, and the node may forget it. */
  acknowledge(number: number): void {
    // Events without a number need no acknowledgement.
    if (number > 0) this.#frames.acknowledge(number);
  }

  /**
   * Sends a command about a job or context. The reply rejects when the session has ended or ends, or the signal is aborted: await it in the
   * same turn, so that no rejection is unhandled.
   */
  ask(command: Message, options: AskOptions = {}): ExpectedAnswer {
    return this.#commands.ask(
      command,
      options,
      () => `Node ${this.nodeId} did not reply within ${options.timeoutMs} ms`,
    );
  }

  /**
   * Resolves to the ids of those contexts and jobs that the node does not hold. Rejects when the session ends or the node does not reply.
   */
  async findMissing(
    { contextIds, jobs }: Believed,
    waiting: Pick<AskOptions, "timeoutMs"> = {},
  ): Promise<ReadonlySet<string>> {
    const { missingContextIds, missingJobIds } = await this.#holdings.ask((requestId) => {
      this.send({ $case: "holdingsRequest", value: { requestId, contextIds, jobs } });
    }, waiting);
    return new Set([...missingContextIds, ...missingJobIds]);
  }

  /** Ends the session now. */
  close(reason: Error): void {
    this.#stream.destroy(reason);
    // Destroying a stream of grpc-js informs its readers here; cancelling it informs the node.
    this.#stream.cancel();
    this.#client.close();
  }

  #beat(): void {
    const now = performance.now();
    // This process was suspended: messages of the node are still to be read.
    if (now - this.#beatAt > 2 * HEARTBEAT_INTERVAL_MS) this.#receivedAt = now;
    this.#beatAt = now;
    if (now - this.#receivedAt > SILENCE_LIMIT_MS) {
      this.close(new Error("the node is silent"));
      return;
    }
    this.send({ $case: "heartbeat", value: {} });
  }

  #receive({ message, requestId }: NodeMessage, announcedId: string, welcome: (welcome: Welcome) => void): void {
    switch (message?.$case) {
      case "jobEvent":
        this.#observer.jobEvent(this, message.value);
        break;
      case "contextEvent":
        this.#observer.contextEvent(this, message.value);
        break;
      case "jobStarted":
        this.#observer.jobStarted(this, message.value);
        break;
      case "acceptance":
        this.#commands.receive(requestId, undefined);
        break;
      case "refusal":
        this.#reservations.release(message.value.id);
        this.#commands.receive(requestId, message.value);
        break;
      case "load":
        this.#load = message.value;
        for (const id of Object.keys(message.value.contexts)) this.#reservations.release(id);
        break;
      case "blobChunk":
        this.blobs.receive(message.value);
        break;
      case "blobRequest":
        this.#observer.blobRequested(this, message.value);
        break;
      case "objectsAnswer":
        this.objects.receive(message.value);
        break;
      case "holdingsAnswer":
        this.#holdings.receive(message.value.requestId, message.value);
        break;
      case "welcome":
        // Events are attributed to the node of their session.
        if (this.#welcome !== undefined || message.value.nodeId !== announcedId)
          throw new Error(`node "${announcedId}" calls itself "${message.value.nodeId}"`);
        this.#welcome = message.value;
        welcome(message.value);
        break;
      case undefined:
        break;
      default:
        message satisfies never;
    }
  }
}
