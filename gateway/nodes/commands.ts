import type { GatewayMessage, Refusal } from "../../proto/node.ts";

type Message = NonNullable<GatewayMessage["message"]>;

/** The pending reply to a command. Dispose it when nothing waits for it. */
export interface ExpectedAnswer extends Disposable {
  /** The refusal, or undefined if the node accepted the command. */
  readonly given: Promise<Refusal | undefined>;
}

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time limit for the reply, in milliseconds. Default: until the session ends. */
  readonly timeoutMs?: number | undefined;
}

interface CommandFrames {
  send(message: Message, requestId: number): void;
}

/** Commands about jobs and contexts on one session, and their pending replies. */
export class Commands {
  readonly #frames: CommandFrames;
  /** By request id. */
  readonly #pending = new Map<number, Pick<PromiseWithResolvers<Refusal | undefined>, "resolve" | "reject">>();
  #lastRequestId = 0;
  /** The reason for which the session ended. */
  #closed: Error | undefined;

  constructor(frames: CommandFrames) {
    this.#frames = frames;
  }

  /** Sends a command. See `NodeSession.ask`. */
  ask(command: Message, { signal, timeoutMs }: AskOptions, describeTimeout: () => string): ExpectedAnswer {
    const requestId = ++this.#lastRequestId;
    const { promise, resolve, reject } = Promise.withResolvers<Refusal | undefined>();
    const abort = (): void => reject(signal?.reason);
    if (this.#closed !== undefined) reject(this.#closed);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    const expire = (): void => reject(new Error(describeTimeout()));
    const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs);
    this.#pending.set(requestId, { resolve, reject });
    this.#frames.send(command, requestId);
    return {
      given: promise,
      [Symbol.dispose]: () => {
        signal?.removeEventListener("abort", abort);
        clearTimeout(timer);
        this.#pending.delete(requestId);
      },
    };
  }

  /** Receives the reply to a command: the refusal, or undefined for an acceptance. */
  receive(requestId: number, refusal: Refusal | undefined): void {
    this.#pending.get(requestId)?.resolve(refusal);
  }

  /** Rejects pending replies: the session is over. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const pending of this.#pending.values()) pending.reject(reason);
  }
}
