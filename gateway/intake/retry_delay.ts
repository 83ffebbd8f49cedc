import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import { DEFAULT_RETRY_DELAY_MS, doubledDelayMs } from "../../cluster/mod.ts";
import type { Job } from "../../proto/mod.ts";

/** Longest duration that counts, in milliseconds: a hundred years. A sum of a longer one and the present may not fit a timestamp. */
const LONGEST_MS = 100 * 365.25 * 24 * 3600 * 1000;

/** Converts a duration to whole milliseconds; undefined stays undefined. */
export function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Math.min(Math.ceil(durationMs(duration)), LONGEST_MS);
}

/** Time until the next attempt of a job, in milliseconds. */
export function retryDelayMs({ attempt, retryDelay }: Pick<Job, "attempt" | "retryDelay">): number {
  return doubledDelayMs(toMs(retryDelay) ?? DEFAULT_RETRY_DELAY_MS, { attempt });
}
