/** Delay before the second attempt of a job that asks for none, in milliseconds. */
export const DEFAULT_RETRY_DELAY_MS = 1000;

/** Longest delay that doubling makes, in milliseconds; one that the caller asks for may be longer. */
const LONGEST_DOUBLED_MS = 5 * 60_000;

/** Time before the attempt after this one: doubled with each attempt. */
export function doubledDelayMs(firstMs: number, { attempt }: { readonly attempt: number }): number {
  return Math.max(firstMs, Math.min(firstMs * 2 ** (attempt - 1), LONGEST_DOUBLED_MS));
}
