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
  #drained: Promise<void> | undefined;

  constructor(stream: ClientDuplexStream<OpenRequest, OpenResponse>) {
    this.#stream = stream;
  }

  send(message: Message, requestId = 0): void {
    this.#waiting.push({ message, requestId });
    if (this.#flushing !== undefined) return;
    this.#flushing = Promise.withResolvers();
    setImmediate(() => this.#flush());
  }

  /** Resolves when all is written and the stream takes more, or never will; for senders of long content. */
  async ready(): Promise<void> {
    await this.#flushing?.promise;
    await this.#drained;
  }

  #flush(): void {
    this.#flushing?.resolve();
    this.#flushing = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    if (this.#stream.write({ messages }) || this.#drained !== undefined) return;
    // Of a stream that is over neither event comes any more.
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = promise;
    const release = (): void => {
      this.#drained = undefined;
      this.#stream.off("drain", release).off("close", release);
      resolve();
    };
    this.#stream.once("drain", release).once("close", release);
  }
}
