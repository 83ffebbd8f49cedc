import { nodeSilent } from "../../proto/errors.ts";

/** Time limit for a response, in milliseconds. Nodes respond from memory. */
const ANSWER_TIMEOUT_MS = 10_000;

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Pending replies of a node to numbered requests. */
export class Answers<Answer> {
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #lastRequestId = 0;
  /** The reason for which the session ended. */
  #closed: Error | undefined;

  /** Sends a request and resolves with its reply. Rejects when the session ends, the signal is aborted, or the time limit passes. */
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

  /** Rejects pending requests: the session is over. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
  }
}
