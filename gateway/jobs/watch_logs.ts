import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Dao } from "../../plugins/contract/mod.ts";
import { gatewayDraining, jobNotFound } from "../../proto/errors.ts";
import { isFinalJob, type Job, type LogLine } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { JobRegistry } from "../state/mod.ts";
import { followStream, isEvent } from "./follow.ts";

const PAGE = 500;

/** Clock skew between nodes and NATS plus the delay of publishing, in milliseconds. */
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
 * The log lines of a job in order, each once: stored ones, then those on the stream, then new ones. Ends after the last line of a final
 * job.
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
    // Batches may be written in any order. Lines after a gap come from the stream, if it has them.
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
  // If the stream no longer holds the events, the store has all lines.
  yield* recordedLines(deps, jobId, number);
}

/**
 * Start of the subscription: before the last stored line, so that there is no gap. A line from the future was written before a clock was
 * set back.
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

/** The lines on the stream from that time on, until the job ends; for a final job, until the last event. */
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
