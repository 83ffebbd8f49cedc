/** Most buckets. The least recently used one is dropped first. */
const REMEMBERED = 10_000;

const MINUTE_MS = 60_000;

interface Rate {
  /** Tokens of a full bucket. */
  readonly capacity: number;
  readonly perMinute: number;
}

interface Bucket {
  left: number;
  seenMs: number;
}

/** Token buckets by key, bounded in number. A new bucket is full. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` returns monotonic milliseconds. */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes a token. False when the bucket is empty. */
  take(key: string): boolean {
    const { capacity, perMinute } = this.#rate;
    const seenMs = this.#now();
    const known = this.#buckets.get(key) ?? { left: capacity, seenMs };
    const left = Math.min(capacity, known.left + ((seenMs - known.seenMs) * perMinute) / MINUTE_MS);
    // Deleted first, so that the keys are in order of their use.
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left >= 1 ? left - 1 : left, seenMs });
    if (this.#buckets.size > REMEMBERED) {
      const [oldest = key] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    return left >= 1;
  }
}
