import type { Job } from "../../proto/mod.ts";
import { toMs } from "./durations.ts";

const DEFAULT_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 5 * 60_000;

/** Time before the attempt after this one: doubled with each attempt. */
export function retryDelayMs({ attempt, retryDelay }: Pick<Job, "attempt" | "retryDelay">): number {
  return Math.min((toMs(retryDelay) ?? DEFAULT_DELAY_MS) * 2 ** (attempt - 1), LONGEST_DELAY_MS);
}
