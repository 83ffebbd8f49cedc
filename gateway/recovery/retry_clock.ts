import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Job, Job_State } from "../../proto/mod.ts";
import { retryDelayMs } from "../intake/mod.ts";

/** Postponement of an attempt that cannot run yet, in milliseconds. */
export const POSTPONED_MS = 1000;

interface Wait {
  /** Attempt and due time. */
  readonly until: string;
  /** On the clock of `performance.now()`. */
  readonly dueAtMs: number;
  isSeen: boolean;
}

/**
 * Determines when next attempts are due. A job stores a time of day; from the moment at which this gateway sees it, a monotonic clock
 * counts, and never longer than the retry delay.
 */
export class RetryClock {
  readonly #waitsById = new Map<string, Wait>();

  /** Whether the next attempt of a job is due. */
  isDue(job: Job): boolean {
    const { id, attempt, state, nextAttemptTime } = job;
    if (state !== Job_State.QUEUED || nextAttemptTime === undefined) return false;
    const timeMs = timestampMs(nextAttemptTime);
    const until = `${attempt} ${timeMs}`;
    let wait = this.#waitsById.get(id);
    if (wait?.until !== until) {
      const longestMs = Math.max(retryDelayMs(job), POSTPONED_MS);
      const leftMs = Math.min(timeMs - Date.now(), longestMs);
      wait = { until, dueAtMs: performance.now() + leftMs, isSeen: true };
      this.#waitsById.set(id, wait);
    }
    wait.isSeen = true;
    return performance.now() >= wait.dueAtMs;
  }

  /** Forgets jobs that `isDue` has not seen since the last call. Call it after a round over all waiting jobs. */
  forgetOthers(): void {
    for (const [id, wait] of this.#waitsById) {
      if (!wait.isSeen) this.#waitsById.delete(id);
      wait.isSeen = false;
    }
  }
}
