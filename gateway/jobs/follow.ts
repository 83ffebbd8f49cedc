import { deadline } from "../../lib/async/mod.ts";
import { endsJob, isFinalJob, type JobEvent } from "../../proto/mod.ts";
import { type EventStream, type Streamed, watchStream } from "../events/mod.ts";
import type { JobRegistry } from "../state/mod.ts";

/** Interval between polls of the store while the stream is silent, in milliseconds. */
const POLL_INTERVAL_MS = 1000;

/** Number of consecutive polls that must find the job final before the watch ends: its end may be on its way to the stream. */
const POLLS = 2;

/** The same while past events are still to come from the stream, which may be slow. */
const POLLS_OF_PAST = 10;

interface FollowDeps {
  readonly jobs: JobRegistry;
  readonly events: EventStream;
}

interface Follow {
  /** Only events that the stream stored at that time or later. */
  readonly since?: Date | undefined;
  readonly signal: AbortSignal;
}

/**
 * The events of a job on the stream, as `watchStream`, up to the final event that the store confirms. Ends without a final event when the
 * store has an end that the stream lacks: the gateway that stored it may have died before publishing it.
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

/** The items as they arrive. Ends when the job is over and no more arrive. */
async function* untilOver(deps: FollowDeps, jobId: string, items: AsyncGenerator<Streamed>): AsyncGenerator<Streamed> {
  /** Undefined until JetStream has responded. */
  let left: number | undefined;
  let polls = 0;
  for (let next = items.next(); ; ) {
    const item = await deadline(next, POLL_INTERVAL_MS, () => undefined);
    if (item?.done) return;
    if (item === undefined) {
      polls = left !== undefined && (await isOver(deps, jobId)) ? polls + 1 : 0;
      if (polls >= ((left ?? 0) > 0 ? POLLS_OF_PAST : POLLS)) return;
      continue;
    }
    polls = 0;
    left = "past" in item.value ? item.value.past : (left ?? 0) - 1;
    yield item.value;
    // Not earlier: a rejection in the meantime would be unhandled.
    next = items.next();
  }
}

/** Returns false for the final event of an abandoned attempt. */
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
