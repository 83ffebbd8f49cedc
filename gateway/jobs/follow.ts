import { isFinalJob, type JobEvent } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { watchStream } from "../events/mod.ts";
import { type IngestDeps, ingestStreamedEnd } from "./ingest.ts";

/** How often the record is looked at while the stream tells nothing. */
const LOOK_INTERVAL_MS = 1000;

export type FollowDeps = IngestDeps & Pick<Core, "events" | "nodes">;

interface Follow {
  /** Only events that the stream took at that time or later. */
  readonly since?: Date | undefined;
  readonly signal: AbortSignal;
}

/**
 * What the stream tells of a job, as `watchStream`, up to the final event that the record confirms, which is in the record by then. Ends
 * without one when the record has an end that the stream does not tell: whoever decided it may have died before it was published.
 */
export async function* followStream(
  deps: FollowDeps,
  jobId: string,
  { since, signal }: Follow,
): AsyncGenerator<{ readonly past: number } | JobEvent> {
  const over = new AbortController();
  const items = watchStream(deps.events, jobId, { since, signal: AbortSignal.any([signal, over.signal]) });
  let wasFinal = false;
  try {
    for (let next = items.next(); ; ) {
      const item = await within(next, LOOK_INTERVAL_MS);
      if (item === undefined) {
        const isFinal = await isOver(deps, jobId);
        // Twice, since the end may be on its way here.
        if (isFinal && wasFinal) return;
        wasFinal = isFinal;
        continue;
      }
      if (item.done) return;
      const isEnd = !("past" in item.value) && isFinalEvent(item.value);
      if (isEnd) await ingestStreamedEnd(deps, jobId, () => item.value as JobEvent);
      // The end of an attempt that was given up for another one is none of the job.
      const isVoid = isEnd && !(await isOver(deps, jobId));
      if (!isVoid) yield item.value;
      if (isEnd && !isVoid) return;
      next = items.next();
    }
  } finally {
    over.abort();
    await items.return(undefined);
  }
}

/** Whether a job is final after this event. */
export function isFinalEvent({ event }: JobEvent): boolean {
  switch (event.case) {
    case "succeeded":
    case "failed":
    case "cancelled":
    case "rejected":
      return true;
    default:
      return false;
  }
}

async function isOver({ jobs }: FollowDeps, jobId: string): Promise<boolean> {
  const job = await jobs.get(jobId);
  return job === undefined || isFinalJob(job.state);
}

/** Undefined when it does not come within the time. */
async function within<Value>(promise: Promise<Value>, timeMs: number): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, timeMs, undefined);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
