/** Size at which a frame is closed, in bytes. gRPC clients refuse messages over 4 MiB by default. */
const FRAME_BYTES = 1024 * 1024;

/** A message of a session, with the id of the request that it belongs to, or 0. */
interface Numbered<Message> {
  readonly message: Message;
  readonly requestId: number;
}

/** The writable side of a session stream. */
interface FrameStream<Message> {
  /** Returns false when the stream accepts no more until it emits `drain`. */
  write(frame: { messages: Numbered<Message>[] }): boolean;
  on(event: "drain" | "close", listener: () => void): unknown;
}

interface FrameWriterOptions<Message> {
  /** Approximate size of a message in bytes, exact for those that can be large. */
  sizeOf(message: Message): number;
  /** Called before each flush; messages that it sends go with the flush. */
  beforeFlush?(): void;
  /** Bytes that may wait for a peer that does not read; unlimited if absent. */
  readonly fullBytes?: number;
  /** Called when more than `fullBytes` wait. It must close the writer. */
  overflowed?(): void;
}

/**
 * Writes messages to a session, in one frame all that were sent in one round of the event loop: under load a frame carries many. Waits while
 * the stream accepts no more.
 */
export class FrameWriter<Message> {
  readonly #stream: FrameStream<Message>;
  readonly #options: FrameWriterOptions<Message>;
  #waiting: Numbered<Message>[] = [];
  #waitingBytes = 0;
  /** Resolves when the messages that wait are written. */
  #flushing: PromiseWithResolvers<void> | undefined;
  /** Resolves when the stream accepts more. */
  #drained: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  constructor(stream: FrameStream<Message>, options: FrameWriterOptions<Message>) {
    this.#stream = stream;
    this.#options = options;
    stream.on("drain", () => this.#resume());
    stream.on("close", () => this.close());
  }

  /** Sends a message in the next frame. Does nothing once closed. */
  send(message: Message, requestId = 0): void {
    if (this.#isClosed) return;
    this.#waiting.push({ message, requestId });
    this.#waitingBytes += this.#options.sizeOf(message);
    if (this.#waitingBytes > (this.#options.fullBytes ?? Number.POSITIVE_INFINITY)) this.#options.overflowed?.();
    else this.schedule();
  }

  /** Flushes at the end of this round of the event loop. */
  schedule(): void {
    if (this.#isClosed || this.#flushing !== undefined || this.#drained !== undefined) return;
    this.#flushing = Promise.withResolvers();
    // After the I/O of this round, so that one frame carries all of it.
    setImmediate(() => this.flush());
  }

  /** Resolves when everything is written and the stream accepts more, or the writer is closed; for senders of long content. */
  async ready(): Promise<void> {
    await this.#flushing?.promise;
    await this.#drained?.promise;
  }

  /** Writes the messages that wait. */
  flush(): void {
    if (!this.#isClosed) this.#options.beforeFlush?.();
    this.#flushing?.resolve();
    this.#flushing = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    const bytes = this.#waitingBytes;
    this.#waitingBytes = 0;
    if (waiting.length === 0) return;
    for (const messages of bytes <= FRAME_BYTES ? [waiting] : this.#split(waiting))
      if (!this.#stream.write({ messages })) this.#drained ??= Promise.withResolvers<void>();
  }

  /** Drops the messages that wait, and writes no more. A closed stream may never emit `drain`. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #resume(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
    this.flush();
  }

  *#split(messages: readonly Numbered<Message>[]): Generator<Numbered<Message>[]> {
    let frame: Numbered<Message>[] = [];
    let bytes = 0;
    for (const each of messages) {
      const size = this.#options.sizeOf(each.message);
      if (bytes + size > FRAME_BYTES && frame.length > 0) {
        yield frame;
        frame = [];
        bytes = 0;
      }
      frame.push(each);
      bytes += size;
    }
    if (frame.length > 0) yield frame;
  }
}
