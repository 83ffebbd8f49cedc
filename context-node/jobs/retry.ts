import { DEFAULT_RETRY_DELAY_MS, doubledDelayMs } from "../../cluster/mod.ts";
import { JobError_Reason, type RunJob } from "../../proto/node.ts";
import type { JobHappening } from "../events/mod.ts";
import type { Ending } from "./attempt_end.ts";

/** Failures that another attempt may avoid. The others are due to the job, its program or its config. */
const WORTH_RETRYING: ReadonlySet<JobError_Reason> = new Set([
  JobError_Reason.THROWN,
  JobError_Reason.OUT_OF_MEMORY,
  JobError_Reason.EXITED,
  JobError_Reason.CONTEXT_LOST,
]);

/** The event that ends an attempt and announces the next one. */
export type Retrying = Extract<JobHappening, { $case: "retrying" }>;

/** The event for the end of an attempt: `retrying` if another attempt may succeed, else the end itself. */
export function orRetrying(
  ending: Ending,
  { attempt, maxAttempts, retryDelayMs }: Pick<RunJob, "attempt" | "maxAttempts" | "retryDelayMs">,
  startTime: Date | undefined,
): Ending | Retrying {
  if (ending.$case !== "failed" || attempt >= maxAttempts) return ending;
  const { error } = ending.value;
  if (error === undefined || !WORTH_RETRYING.has(error.reason)) return ending;
  const delayMs = doubledDelayMs(retryDelayMs || DEFAULT_RETRY_DELAY_MS, { attempt });
  return {
    $case: "retrying",
    value: { error, nextAttemptTime: new Date(Date.now() + delayMs), startTime },
  };
}
