import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type Job, Job_State } from "../../proto/mod.ts";
import { retryDelayMs } from "../intake/mod.ts";

/** How long an attempt is put off when there is nowhere to run it yet, in milliseconds. */
export const POSTPONED_MS = 1000;

interface Wait {
  /** Attempt and time that the job waits for. */
  readonly until: string;
  /** On the clock of `performance.now()`. */
  readonly dueAtMs: number;
  isSeen: boolean;
}

/**
 * Says when the next attempts of jobs are due. A job names a time of day, which people read; from the moment at which this gateway sees
 * that, it waits by a clock that does not leap, and never longer than the job asks for.
 */
export class RetryClock {
  readonly #waitsById = new Map<string, Wait>();

  /** Whether the job waits for an attempt that is due. */
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

  /** Forgets the jobs that were not asked about since it was last called. Call it after asking about all jobs that wait. */
  forgetOthers(): void {
    for (const [id, wait] of this.#waitsById) {
      if (!wait.isSeen) this.#waitsById.delete(id);
      wait.isSeen = false;
    }
  }
}
