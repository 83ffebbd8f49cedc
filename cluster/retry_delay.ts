/** Default delay before the second attempt of a job, in milliseconds. */
export const DEFAULT_RETRY_DELAY_MS = 1000;

/** Longest delay by doubling, in milliseconds. A first delay may be longer. */
const LONGEST_DOUBLED_MS = 5 * 60_000;

/** Delay before the next attempt, in milliseconds: doubles with each attempt. */
export function doubledDelayMs(firstMs: number, { attempt }: { readonly attempt: number }): number {
  return Math.max(firstMs, Math.min(firstMs * 2 ** (attempt - 1), LONGEST_DOUBLED_MS));
}
