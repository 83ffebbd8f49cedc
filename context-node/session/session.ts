import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { type BlobName, BlobStreams, FrameWriter } from "../../cluster/mod.ts";
import {
  type Acknowledgement,
  type BlobRequest,
  type CancelJob,
  type GatewayMessage,
  type Hello,
  type HoldingsAnswer,
  type HoldingsRequest,
  type LiveResultPart,
  type NamedObject,
  type NodeMessage,
  type ObjectsRequest,
  type OpenRequest,
  type OpenResponse,
  type Refusal,
  type RestartContext,
  type RunJob,
  SILENCE_LIMIT_MS,
  type StartContext,
  type StopContext,
  type Welcome,
} from "../../proto/node.ts";

type Message = NonNullable<NodeMessage["message"]>;

/** Bytes that may wait for a gateway that does not read. */
const FULL_BYTES = 256 * 1024 * 1024;

/** Commands of gateways to a node. Those that return a Refusal were not accepted. */
export interface Commands {
  /** What the node is and holds now. */
  welcome(): Welcome;
  runJob(command: RunJob, session: Session): Refusal | undefined;
  /** The gateway acknowledges these events. */
  acknowledge(acknowledgement: Acknowledgement): void;
  cancelJob(command: CancelJob): Refusal | undefined;
  startContext(command: StartContext, session: Session): Refusal | undefined;
  stopContext(command: StopContext): Refusal | undefined;
  restartContext(command: RestartContext): Refusal | undefined;
  /** Returns what the node does not hold of these. */
  findMissing(request: HoldingsRequest): HoldingsAnswer;
  /** The named objects of a context, or the dropped one. Undefined when it is not held. Never rejects. */
  objects(command: ObjectsRequest): Promise<NamedObject[] | undefined>;
  /** A large result by its digest. Undefined when it is not kept. */
  openResult(digest: string): AsyncIterable<Uint8Array> | undefined;
  /** A part of a growing result. Undefined when the job has begun none, or ended without one. Rejects when it breaks off. */
  readLive(part: LiveResultPart): Promise<{ mediaType: string; bytes: Uint8Array } | undefined>;
}

export interface SessionDeps {
  readonly commands: Commands;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  /** Called when a session opens, before the gateway reads the welcome: from now on it receives events. */
  readonly opened: (session: Session) => void;
  readonly closed: (session: Session) => void;
}

/** Approximate size of a message in bytes, exact for those that can be large. */
function sizeOf(message: Message): number {
  switch (message.$case) {
    case "jobEvent":
      return message.value.event.length + message.value.result.length + 16;
    case "blobChunk":
      return message.value.bytes.length + 16;
    default:
      return 256;
  }
}

/** A session: one stream of one gateway of the cluster. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #stream: ServerDuplexStream<OpenRequest, OpenResponse>;
  readonly #frames: FrameWriter<Message>;
  readonly #blobs: BlobStreams;
  #hello: Hello | undefined;
  #isClosed = false;
  #receivedAt = performance.now();

  constructor(stream: ServerDuplexStream<OpenRequest, OpenResponse>, deps: SessionDeps) {
    this.#deps = deps;
    this.#stream = stream;
    this.#frames = new FrameWriter<Message>(stream, {
      sizeOf,
      fullBytes: FULL_BYTES,
      overflowed: () => this.end(status.RESOURCE_EXHAUSTED, "The gateway does not read its events"),
    });
    this.#blobs = new BlobStreams(this.#frames);
    stream.on("data", ({ messages }: OpenRequest) => this.#receive(messages));
    stream.on("end", () => this.close());
    stream.on("cancelled", () => this.#closed("the gateway left"));
    stream.on("error", (error) => this.#closed(error.message));
    stream.on("close", () => this.#closed("the stream was closed"));
  }

  /** Empty before the gateway's hello. */
  get gatewayId(): string {
    return this.#hello?.gatewayId ?? "";
  }

  /** Sends a message, with the id of the request that it answers. Does nothing once the session is closed. */
  send(message: Message, requestId?: number): void {
    if (!this.#isClosed) this.#frames.send(message, requestId);
  }

  /** Requests a blob from the gateway; see `BlobStreams.request`. */
  requestBlob(blob: BlobName): ReadableStream<Uint8Array> {
    return this.#blobs.request(blob);
  }

  /** Whether the gateway has been silent for longer than it may. */
  get isSilent(): boolean {
    return performance.now() - this.#receivedAt > SILENCE_LIMIT_MS;
  }

  /** Ends the session gracefully, after flushing it. */
  close(): void {
    if (this.#isClosed) return;
    this.#frames.flush();
    this.#stream.end();
    this.#closed("it was closed");
  }

  /** Ends the session now, with a status for the gateway. */
  end(code: status, details: string): void {
    if (this.#isClosed) return;
    this.#closed(details);
    this.#stream.emit("error", { code, details });
  }

  #closed(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#blobs.close(new Error("The session with the gateway ended"));
    this.#frames.close();
    this.#deps.closed(this);
    if (this.#hello !== undefined) this.#deps.log.info({ gateway: this.gatewayId, reason }, "session closed");
  }

  #receive(messages: GatewayMessage[]): void {
    this.#receivedAt = performance.now();
    for (const { message, requestId } of messages) {
      if (this.#isClosed) return;
      if (message === undefined) continue;
      if (this.#hello === undefined && message.$case !== "hello") {
        this.end(status.FAILED_PRECONDITION, "The first message of a session is hello");
        return;
      }
      try {
        this.#obey(message, requestId);
      } catch (error) {
        this.#deps.log.error(
          { err: error, gateway: this.gatewayId, message: message.$case },
          "could not handle a message",
        );
      }
    }
  }

  #obey(message: NonNullable<GatewayMessage["message"]>, requestId: number): void {
    const { commands } = this.#deps;
    switch (message.$case) {
      case "hello":
        return this.#greet(message.value);
      case "runJob": {
        const { jobId, confirm } = message.value;
        const refusal = commands.runJob(message.value, this);
        if (refusal !== undefined) return this.#refuse(refusal, requestId);
        if (confirm) this.send({ $case: "acceptance", value: { jobId } }, requestId);
        return;
      }
      case "cancelJob":
        return this.#refuse(commands.cancelJob(message.value), requestId);
      case "startContext":
        return this.#refuse(commands.startContext(message.value, this), requestId);
      case "stopContext":
        return this.#refuse(commands.stopContext(message.value), requestId);
      case "blobRequest":
        return this.#serveBlob(message.value);
      case "blobChunk":
        return this.#blobs.receive(message.value);
      case "heartbeat":
        return;
      case "restartContext":
        return this.#refuse(commands.restartContext(message.value), requestId);
      case "holdingsRequest":
        return this.send({ $case: "holdingsAnswer", value: commands.findMissing(message.value) });
      case "acknowledgement":
        return commands.acknowledge(message.value);
      case "objectsRequest":
        void this.#tellObjects(message.value);
        return;
      default:
        message satisfies never;
    }
  }

  #greet(hello: Hello): void {
    if (this.#hello !== undefined) return;
    this.#hello = hello;
    // Synchronous, so that no event falls between the welcome and what is sent after it.
    this.send({ $case: "welcome", value: this.#deps.commands.welcome() });
    this.#deps.opened(this);
    this.#deps.log.info({ gateway: hello.gatewayId, version: hello.version }, "session opened");
  }

  #refuse(refusal: Refusal | undefined, requestId: number): void {
    if (refusal !== undefined) this.send({ $case: "refusal", value: refusal }, requestId);
  }

  async #tellObjects(request: ObjectsRequest): Promise<void> {
    const { requestId, contextId } = request;
    const objects = await this.#deps.commands.objects(request);
    const error = objects === undefined ? `The node does not hold context "${contextId}"` : "";
    this.send({ $case: "objectsAnswer", value: { requestId, objects: objects ?? [], error } });
  }

  #serveBlob({ requestId, blob }: BlobRequest): void {
    if (blob?.$case === "liveResult") {
      void this.#serveLive(requestId, blob.value);
      return;
    }
    if (blob?.$case !== "digest") {
      this.#blobs.fail(requestId, "A node keeps results only");
      return;
    }
    this.#blobs.send(requestId, this.#deps.commands.openResult(blob.value)).catch((error: unknown) => {
      this.#deps.log.error({ err: error, gateway: this.gatewayId, digest: blob.value }, "cannot read a result");
      this.#blobs.fail(requestId, `Cannot read result "${blob.value}"`);
    });
  }

  async #serveLive(requestId: number, asked: LiveResultPart): Promise<void> {
    try {
      const part = await this.#deps.commands.readLive(asked);
      if (part === undefined) this.#blobs.fail(requestId, `Job "${asked.jobId}" has begun no result`);
      else await this.#blobs.send(requestId, [part.bytes], part);
    } catch (error) {
      // A job may end before its result does.
      this.#blobs.fail(requestId, error instanceof Error ? error.message : String(error));
    }
  }
}
