/** Answers of a node to numbered requests. */
export class Answers<Answer> {
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #lastRequestId = 0;
  /** Why nothing more will come. */
  #closed: Error | undefined;

  /** Sends a request and resolves with its answer. Rejects when the session ends or the signal is aborted. */
  async ask(
    send: (requestId: number) => void,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Answer> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const requestId = ++this.#lastRequestId;
    const answer = Promise.withResolvers<Answer>();
    const abort = (): void => answer.reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    this.#waiting.set(requestId, answer);
    send(requestId);
    try {
      return await answer.promise;
    } finally {
      signal?.removeEventListener("abort", abort);
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
