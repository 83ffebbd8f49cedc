import type { Job } from "../../proto/mod.ts";
import { toMs } from "./durations.ts";

const DEFAULT_DELAY_MS = 1000;
/** Longest delay that doubling makes, in milliseconds; one that the caller asks for may be longer. */
const LONGEST_DOUBLED_MS = 5 * 60_000;

/** Time before the attempt after this one: doubled with each attempt. */
export function retryDelayMs({ attempt, retryDelay }: Pick<Job, "attempt" | "retryDelay">): number {
  const firstMs = toMs(retryDelay) ?? DEFAULT_DELAY_MS;
  return Math.max(firstMs, Math.min(firstMs * 2 ** (attempt - 1), LONGEST_DOUBLED_MS));
}
