import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { NodeMessage, OpenRequest, OpenResponse } from "../../proto/node.ts";

export type Message = NonNullable<NodeMessage["message"]>;

/** A frame is closed when it holds so much: clients refuse messages over 4 MiB unless told otherwise. */
const FRAME_BYTES = 1024 * 1024;

/** A gateway that lets so much pile up does not read; the writer gives up on it. */
const FULL_BYTES = 256 * 1024 * 1024;

/**
 * Writes messages to a session, one frame for all that is waiting: under load a frame carries many events.
 * Calls `overflowed`, which must close it, when the other end does not read what it is sent.
 */
export class FrameWriter {
  readonly #stream: ServerDuplexStream<OpenRequest, OpenResponse>;
  readonly #overflowed: () => void;
  #waiting: NodeMessage[] = [];
  #waitingBytes = 0;
  #isScheduled = false;
  #isClosed = false;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(stream: ServerDuplexStream<OpenRequest, OpenResponse>, overflowed: () => void) {
    this.#stream = stream;
    this.#overflowed = overflowed;
    stream.on("drain", () => this.#resume());
    stream.on("close", () => this.close());
  }

  send(message: Message, requestId = 0): void {
    if (this.#isClosed) return;
    this.#waiting.push({ message, requestId });
    this.#waitingBytes += sizeOf(message);
    if (this.#waitingBytes > FULL_BYTES) return this.#overflowed();
    if (this.#isScheduled || this.#drained !== undefined) return;
    this.#isScheduled = true;
    // After the I/O of this round of the event loop, so that what it brings goes into one frame.
    setImmediate(() => this.flush());
  }

  /** Resolves when the stream takes more, or is closed; for senders of long content. */
  async ready(): Promise<void> {
    if (!this.#isClosed) await this.#drained?.promise;
  }

  /** Writes what is waiting now. */
  flush(): void {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const messages of framesOf(waiting)) {
      if (!this.#stream.write({ messages })) this.#drained ??= Promise.withResolvers<void>();
    }
  }

  /** Drops what is waiting, and writes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#drained?.resolve();
  }

  #resume(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
    this.flush();
  }
}

function* framesOf(messages: NodeMessage[]): Generator<NodeMessage[]> {
  let frame: NodeMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.message === undefined ? 0 : sizeOf(message.message);
    if (bytes + size > FRAME_BYTES && frame.length > 0) {
      yield frame;
      frame = [];
      bytes = 0;
    }
    frame.push(message);
    bytes += size;
  }
  if (frame.length > 0) yield frame;
}

/** About how many bytes a message takes; exact for those that can be large. */
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
