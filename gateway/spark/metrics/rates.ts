const TICK_MS = 5000;

/** Exponentially weighted rates of the last 1, 5 and 15 minutes, like the load averages of `uptime`. */
export class Meter {
  #count = 0;
  #untold = 0;
  #tickedMs: number;
  readonly #startedMs: number;
  readonly #averages = [1, 5, 15].map((minutes) => ({ weight: 1 - Math.exp(-5 / 60 / minutes), rate: 0 }));
  #isFirstTick = true;
  readonly #now: () => number;

  /** `now` returns monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startedMs = now();
    this.#tickedMs = this.#startedMs;
  }

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#tick();
    this.#count++;
    this.#untold++;
  }

  /** Events per second. */
  rates(): { mean: number; m1: number; m5: number; m15: number } {
    this.#tick();
    const [m1 = 0, m5 = 0, m15 = 0] = this.#averages.map(({ rate }) => rate);
    const seconds = (this.#now() - this.#startedMs) / 1000;
    return { mean: seconds > 0 ? this.#count / seconds : 0, m1, m5, m15 };
  }

  /** Applies the ticks that were due since the last call. */
  #tick(): void {
    while (this.#now() - this.#tickedMs >= TICK_MS) {
      const rate = this.#untold / (TICK_MS / 1000);
      for (const average of this.#averages) {
        average.rate = this.#isFirstTick ? rate : average.rate + average.weight * (rate - average.rate);
      }
      this.#untold = 0;
      this.#isFirstTick = false;
      this.#tickedMs += TICK_MS;
    }
  }
}
