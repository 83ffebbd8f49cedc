import { DEFAULT_RETRY_DELAY_MS, doubledDelayMs } from "../../cluster/mod.ts";
import type { Job } from "../../proto/mod.ts";
import { toMs } from "./durations.ts";

/** Time before the attempt of a job after this one. */
export function retryDelayMs({ attempt, retryDelay }: Pick<Job, "attempt" | "retryDelay">): number {
  return doubledDelayMs(toMs(retryDelay) ?? DEFAULT_RETRY_DELAY_MS, { attempt });
}
