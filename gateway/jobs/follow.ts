import { deadline } from "../../lib/async/mod.ts";
import { endsJob, isFinalJob, type JobEvent } from "../../proto/mod.ts";
import { type EventStream, type Streamed, watchStream } from "../events/mod.ts";
import type { JobRegistry } from "../state/mod.ts";

/** How often the record is looked at while the stream tells nothing. */
const LOOK_INTERVAL_MS = 1000;

/** The job is over when so many looks in a row say so: its end may be on its way to the stream. */
const LOOKS = 2;

/** As long as the stream has still to tell of the past, it may only be slow. */
const LOOKS_AT_PAST = 10;

interface FollowDeps {
  readonly jobs: JobRegistry;
  readonly events: EventStream;
}

interface Follow {
  /** Only events that the stream took at that time or later. */
  readonly since?: Date | undefined;
  readonly signal: AbortSignal;
}

/**
 * What the stream tells of a job, as `watchStream`, up to the final event that the record confirms, which is in the record by then. Ends
 * without one when the record has an end that the stream does not tell: the gateway that recorded it may have died before it was published.
 */
export async function* followStream(
  deps: FollowDeps,
  jobId: string,
  { since, signal }: Follow,
): AsyncGenerator<Streamed> {
  const over = new AbortController();
  const items = watchStream(deps.events, jobId, { since, signal: AbortSignal.any([signal, over.signal]) });
  try {
    for await (const item of untilOver(deps, jobId, items)) {
      const isEnd = isEvent(item) && endsJob(item.event.case);
      if (isEnd && !(await confirms(deps, item))) continue;
      yield item;
      if (isEnd) return;
    }
  } finally {
    over.abort();
    await items.return(undefined);
  }
}

/** The items as they come; ends when none comes any more of a job that is over. */
async function* untilOver(deps: FollowDeps, jobId: string, items: AsyncGenerator<Streamed>): AsyncGenerator<Streamed> {
  /** Undefined while JetStream has not answered yet. */
  let left: number | undefined;
  let looks = 0;
  for (let next = items.next(); ; ) {
    const item = await deadline(next, LOOK_INTERVAL_MS, () => undefined);
    if (item?.done) return;
    if (item === undefined) {
      looks = left !== undefined && (await isOver(deps, jobId)) ? looks + 1 : 0;
      if (looks >= ((left ?? 0) > 0 ? LOOKS_AT_PAST : LOOKS)) return;
      continue;
    }
    looks = 0;
    left = "past" in item.value ? item.value.past : (left ?? 0) - 1;
    yield item.value;
    // Not before: nobody would hear it fail meanwhile.
    next = items.next();
  }
}

/** Whether it is the end that the record has: anybody may have published another one. */
async function confirms({ jobs }: FollowDeps, event: JobEvent): Promise<boolean> {
  const job = await jobs.get(event.jobId);
  return job === undefined || (isFinalJob(job.state) && job.attempt === event.attempt && job.seq === event.seq);
}

export function isEvent(item: Streamed): item is JobEvent {
  return !("past" in item || "skipped" in item);
}

async function isOver({ jobs }: FollowDeps, jobId: string): Promise<boolean> {
  const job = await jobs.get(jobId);
  return job === undefined || isFinalJob(job.state);
}
