import { create } from "@bufbuild/protobuf";
import { gatewayDraining, jobNotFound } from "../../proto/errors.ts";
import { endsJob, isFinalJob, type Job, Job_State, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { JobRegistry } from "../state/mod.ts";
import { followStream, isEvent } from "./follow.ts";

interface WatchDeps {
  readonly jobs: JobRegistry;
  readonly events: EventStream;
  readonly closing: AbortSignal;
}

interface Watch {
  /** Only events with a greater `seq`. */
  readonly afterSeq: number;
  readonly signal: AbortSignal;
}

/**
 * The events of a job in order, past ones first. Ends after the final event, which is stored by then. They come from memory where this
 * gateway has seen all of them, else from the stream. If the stream no longer holds the events, only the end is emitted.
 */
export async function* watchJob(deps: WatchDeps, jobId: string, { afterSeq, signal }: Watch): AsyncGenerator<JobEvent> {
  const job = await deps.jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  const until = AbortSignal.any([signal, deps.closing]);
  let seq = afterSeq;
  for await (const event of deps.jobs.watchEvents(jobId, { afterSeq, signal: until })) {
    seq = event.seq;
    yield event;
    if (endsJob(event.event.case)) return;
  }
  yield* watchStreamed(deps, job, { afterSeq: seq, signal: until });
  if (deps.closing.aborted) throw gatewayDraining();
}

async function* watchStreamed(deps: WatchDeps, job: Job, { afterSeq, signal }: Watch): AsyncGenerator<JobEvent> {
  let seq = afterSeq;
  let left = Number.POSITIVE_INFINITY;
  for await (const item of followStream(deps, job.id, { signal })) {
    if ("past" in item) left = item.past;
    else {
      left -= 1;
      if (isEvent(item) && item.seq > seq) {
        seq = item.seq;
        yield item;
      }
      if (isEvent(item) && endsJob(item.event.case)) return;
    }
    if (isFinalJob(job.state) && left <= 0) break;
  }
  if (signal.aborted) return;
  // The stream lacks the end.
  const ended = await deps.jobs.get(job.id);
  if (ended !== undefined && isFinalJob(ended.state) && ended.seq > seq) yield endOf(ended);
}

/** Recreates the final event of a job from the store. */
function endOf(job: Job): JobEvent {
  const base = { jobId: job.id, attempt: job.attempt, seq: job.seq, time: job.endTime, contextId: job.contextId };
  const failure = { error: job.error };
  switch (job.state) {
    case Job_State.SUCCEEDED:
      return create(JobEventSchema, { ...base, event: { case: "succeeded", value: { result: job.result } } });
    case Job_State.CANCELLED:
      return create(JobEventSchema, { ...base, event: { case: "cancelled", value: failure } });
    case Job_State.REJECTED:
      return create(JobEventSchema, { ...base, event: { case: "rejected", value: failure } });
    default:
      return create(JobEventSchema, { ...base, event: { case: "failed", value: failure } });
  }
}
