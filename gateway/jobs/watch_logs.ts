import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Dao } from "../../plugins/contract/mod.ts";
import { gatewayDraining, jobNotFound } from "../../proto/errors.ts";
import { isFinalJob, type Job, type LogLine } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { JobRegistry } from "../state/mod.ts";
import { followStream, isEvent } from "./follow.ts";

const PAGE = 500;

/** How far the clocks of nodes and of NATS may be apart, with the time until lines are published. */
const CLOCK_SKEW_MS = 60_000;

interface LogsDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly events: EventStream;
  readonly closing: AbortSignal;
}

interface WatchLogs {
  /** Only lines with a greater number. */
  readonly afterNumber: number;
  readonly signal: AbortSignal;
}

/**
 * The log lines of a job in order, each once: those in the record, then those that the stream holds beyond, then those to come.
 * Ends after the last line of a job that is final, and is in the record as that.
 */
export async function* watchJobLogs(
  deps: LogsDeps,
  jobId: string,
  { afterNumber, signal }: WatchLogs,
): AsyncGenerator<LogLine> {
  const job = await deps.jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  let number = afterNumber;
  let last: LogLine | undefined;
  for await (const line of recordedLines(deps, jobId, number)) {
    // Lines of two batches may be written in any order. What comes after a gap is taken from the stream, where it has none.
    if (last !== undefined && line.attempt === last.attempt && line.number > last.number + 1) break;
    ({ number } = line);
    last = line;
    yield line;
  }
  for await (const line of publishedLines(deps, job, { since: startOf(job, last), signal })) {
    if (line.number <= number) continue;
    ({ number } = line);
    yield line;
  }
  if (signal.aborted) return;
  // Of a job whose events the stream does not hold any more, all that there is.
  yield* recordedLines(deps, jobId, number);
}

/**
 * Subscribed to after the record was read, but from a time before the last line that was found there: nothing is between. A line of the
 * future was written before a clock went back.
 */
function startOf({ createTime }: Job, last: LogLine | undefined): Date {
  const time = last?.time ?? createTime;
  return new Date(Math.min(time === undefined ? 0 : timestampMs(time), Date.now()) - CLOCK_SKEW_MS);
}

async function* recordedLines({ dao }: LogsDeps, jobId: string, afterNumber: number): AsyncGenerator<LogLine> {
  let after = afterNumber;
  for (;;) {
    const page = await dao.jobs.logs(jobId, { after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.number ?? after;
  }
}

/** The lines on the stream from that time on, up to the end of the job; of a job that is final, up to the last event. */
async function* publishedLines(
  deps: LogsDeps,
  job: Job,
  { since, signal }: { readonly since: Date; readonly signal: AbortSignal },
): AsyncGenerator<LogLine> {
  let past = 0;
  const live = AbortSignal.any([signal, deps.closing]);
  for await (const item of followStream(deps, job.id, { since, signal: live })) {
    if ("past" in item) past = item.past;
    else if (isEvent(item) && item.event.case === "logged") yield* item.event.value.lines;
    if (isFinalJob(job.state) && past-- <= 0) return;
  }
  if (deps.closing.aborted) throw gatewayDraining();
}
