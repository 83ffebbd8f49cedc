import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { GatewayMessage, OpenRequest, OpenResponse } from "../../proto/node.ts";

type Message = NonNullable<GatewayMessage["message"]>;

/**
 * Writes messages to a session, one frame for all that is waiting: under load a frame carries many jobs.
 * What is queued here is bounded by what was accepted from callers, so that no message is dropped.
 */
export class FrameWriter {
  readonly #stream: ClientDuplexStream<OpenRequest, OpenResponse>;
  #waiting: GatewayMessage[] = [];
  /** Resolves when what is waiting is written. */
  #flushing: PromiseWithResolvers<void> | undefined;
  /** Resolves when the stream takes more. */
  #drained: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  constructor(stream: ClientDuplexStream<OpenRequest, OpenResponse>) {
    this.#stream = stream;
    stream.on("drain", () => this.#release());
  }

  send(message: Message, requestId = 0): void {
    if (this.#isClosed) return;
    this.#waiting.push({ message, requestId });
    if (this.#flushing !== undefined) return;
    this.#flushing = Promise.withResolvers();
    setImmediate(() => this.#flush());
  }

  /** Resolves when all is written and the stream takes more, or the session is over; for senders of long content. */
  async ready(): Promise<void> {
    await this.#flushing?.promise;
    await this.#drained?.promise;
  }

  /** The session is over: nothing is written any more. A stream that is over does not always tell its writer so. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #flush(): void {
    this.#flushing?.resolve();
    this.#flushing = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    if (this.#isClosed || this.#stream.write({ messages })) return;
    this.#drained ??= Promise.withResolvers();
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
