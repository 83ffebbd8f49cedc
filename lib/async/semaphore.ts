/** The wait queue of a semaphore is full. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
}

/** A FIFO semaphore with a bounded wait queue. */
export class Semaphore {
  #free: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();

  constructor(permits: number, { maxWaiting }: { readonly maxWaiting: number }) {
    this.#free = permits;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Resolves to a permit; dispose it to release it. Rejects with QueueFullError at once if the wait queue is full, or with the signal's
   * reason.
   */
  async acquire({ signal }: { readonly signal: AbortSignal }): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
    } else {
      await this.#wait(signal);
    }
    return { [Symbol.dispose]: () => this.#release() };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new QueueFullError(`The wait queue is full: ${this.#waiting.size} callers wait already`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const enter = () => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => {
      this.#waiting.delete(enter);
      reject(signal.reason);
    };
    this.#waiting.add(enter);
    signal.addEventListener("abort", leave, { once: true });
    return promise;
  }

  #release(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(first);
    first();
  }
}
