import { Meter } from "./rates.ts";

/** Number of durations that are kept, the latest ones. */
const KEPT = 1028;

/** Upper bounds of the Prometheus buckets, in seconds. */
export const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 40] as const;

/** Count and durations of events. */
export class Timer {
  readonly rate = new Meter();
  /** Counts by the index in BUCKETS. */
  readonly #buckets = BUCKETS.map(() => 0);
  readonly #latestMs: number[] = [];
  #next = 0;
  #sumMs = 0;

  add(durationMs: number): void {
    this.rate.add();
    this.#sumMs += durationMs;
    this.#latestMs[this.#next] = durationMs;
    this.#next = (this.#next + 1) % KEPT;
    for (const [index, seconds] of BUCKETS.entries()) {
      if (durationMs <= seconds * 1000) this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    }
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  /** Cumulative counts of the buckets. */
  get buckets(): readonly number[] {
    return this.#buckets;
  }

  /** Quantile of the latest durations, in milliseconds. 0 while there are none. */
  quantiles() {
    const sorted = this.#latestMs.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
    return { median: at(0.5), p75: at(0.75), p95: at(0.95), p98: at(0.98), p99: at(0.99), p999: at(0.999) };
  }

  get meanMs(): number {
    return this.rate.count === 0 ? 0 : this.#sumMs / this.rate.count;
  }
}
