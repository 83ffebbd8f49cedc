import { nodeSilent } from "../../proto/errors.ts";

/** Longest time until an answer, in milliseconds: a node answers from its memory. */
const ANSWER_TIMEOUT_MS = 10_000;

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Answers of a node to numbered requests. */
export class Answers<Answer> {
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #lastRequestId = 0;
  /** Why nothing more will come. */
  #closed: Error | undefined;

  /** Sends a request and resolves with its answer. Rejects when the session ends, the signal is aborted or the time is over. */
  async ask(
    send: (requestId: number) => void,
    { signal, timeoutMs = ANSWER_TIMEOUT_MS }: AskOptions = {},
  ): Promise<Answer> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const requestId = ++this.#lastRequestId;
    const answer = Promise.withResolvers<Answer>();
    const abort = (): void => answer.reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    const timer = setTimeout(() => answer.reject(nodeSilent(timeoutMs)), timeoutMs);
    this.#waiting.set(requestId, answer);
    send(requestId);
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
      this.#waiting.delete(requestId);
    }
  }

  receive(requestId: number, answer: Answer): void {
    this.#waiting.get(requestId)?.resolve(answer);
  }

  /** The session is over: nothing more will come. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
  }
}
