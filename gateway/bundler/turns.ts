/** Too many uploads wait to be bundled. */
export class BundlerBusyError extends Error {
  override readonly name = "BundlerBusyError";
}

/** Lets so many in at a time, in the order in which they came; of those who wait, so many. */
export class Turns {
  #free: number;
  readonly #queue: number;
  readonly #waiting = new Set<() => void>();

  constructor(free: number, { queue }: { queue: number }) {
    this.#free = free;
    this.#queue = queue;
  }

  /** Dispose what it resolves to when the turn is over. Rejects with BundlerBusyError at once, or with the signal's reason. */
  async take({ signal }: { signal: AbortSignal }): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
    } else {
      await this.#wait(signal);
    }
    return { [Symbol.dispose]: () => this.#pass() };
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#queue) {
      throw new BundlerBusyError(`Cannot bundle now: ${this.#waiting.size} uploads wait already`);
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

  #pass(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(first);
    first();
  }
}
