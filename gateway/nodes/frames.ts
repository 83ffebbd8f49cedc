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
  /** Numbers of events that the next frame acknowledges. */
  #acknowledged: number[] = [];
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
    this.#schedule();
  }

  /** Acknowledges an event, together with all others in the same round. */
  acknowledge(number: number): void {
    if (this.#isClosed) return;
    this.#acknowledged.push(number);
    this.#schedule();
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

  #schedule(): void {
    if (this.#flushing !== undefined) return;
    this.#flushing = Promise.withResolvers();
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing?.resolve();
    this.#flushing = undefined;
    const messages = this.#waiting;
    this.#waiting = [];
    const numbers = this.#acknowledged;
    this.#acknowledged = [];
    if (numbers.length > 0) messages.push({ message: { $case: "acknowledgement", value: { numbers } }, requestId: 0 });
    if (this.#isClosed || this.#stream.write({ messages })) return;
    this.#drained ??= Promise.withResolvers();
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
