/** Uptime after which a crash resets the back-off, in milliseconds. */
const WELL_AFTER_MS = 60_000;

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 60_000;
const MOST_IN_A_ROW = 10;

/** Restart back-off of one context. */
export class CrashBackoff {
  #inARow = 0;

  /** Milliseconds until the next start: none after the first crash. Undefined: no further start. */
  next({ livedMs }: { livedMs: number }): number | undefined {
    if (livedMs >= WELL_AFTER_MS) this.#inARow = 0;
    this.#inARow++;
    if (this.#inARow >= MOST_IN_A_ROW) return undefined;
    return this.#inARow === 1 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#inARow - 2), LONGEST_DELAY_MS);
  }
}
