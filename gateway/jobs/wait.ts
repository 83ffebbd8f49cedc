import { startTimer } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { jobNotFound, waitEnded } from "../../proto/errors.ts";
import { isFinalJob, type Job } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { JobEnd, JobRegistry } from "../state/mod.ts";
import { watchJob } from "./watch.ts";

interface WaitDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly events: EventStream;
  readonly closing: AbortSignal;
}

interface Wait {
  /** Time limit in milliseconds. Undefined: until the signal is aborted. */
  readonly waitMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** Resolves with the end of a job once it is durable, or with undefined when `waitMs` passes first. Rejects when the signal is aborted. */
export async function waitForEnd(deps: WaitDeps, jobId: string, wait: Wait): Promise<JobEnd | undefined> {
  const end = deps.jobs.end(jobId);
  if (end !== undefined) return waitFor(end, wait);
  const watching = new AbortController();
  try {
    return await waitFor(watchForEnd(deps, jobId, watching.signal), wait);
  } finally {
    watching.abort();
  }
}

/**
 * Resolves with a job that this gateway submitted once it runs, waits for a slot, or has a durable end; or with undefined when `waitMs`
 * passes first. Rejects when the signal is aborted.
 */
export async function waitForStart(deps: WaitDeps, jobId: string, wait: Wait): Promise<Job | undefined> {
  const left = deps.jobs.started(jobId);
  const job = left === undefined ? undefined : await waitFor(left, wait);
  if (left !== undefined && (job === undefined || !isFinalJob(job.state))) return job;
  const end = deps.jobs.end(jobId);
  return end === undefined ? deps.jobs.get(jobId) : (await waitFor(end, wait))?.job;
}

async function waitFor<End>(end: Promise<End>, { waitMs, signal }: Wait): Promise<End | undefined> {
  const given = Promise.withResolvers<undefined>();
  const leave = (): void => given.reject(waitEnded(signal.reason));
  const timer = waitMs === undefined ? undefined : startTimer(waitMs, () => given.resolve(undefined));
  signal.addEventListener("abort", leave);
  try {
    if (signal.aborted) leave();
    return await Promise.race([end, given.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
    timer?.[Symbol.dispose]();
  }
}

/** Waits for the end of a job that another gateway dispatched, by its events, and reads it from the store. */
async function watchForEnd(deps: WaitDeps, jobId: string, signal: AbortSignal): Promise<JobEnd | undefined> {
  for await (const _ of watchJob(deps, jobId, { afterSeq: 0, signal }));
  const job = await deps.jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  return isFinalJob(job.state) ? { job, result: await deps.dao.jobs.result(jobId) } : undefined;
}
