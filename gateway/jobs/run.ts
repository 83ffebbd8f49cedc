import type { Job, JobSpec } from "../../proto/mod.ts";
import { dispatch, planJob, refusedBy, submitJob } from "./submit.ts";
import { type WaitDeps, waitForEnd } from "./wait.ts";

interface Run {
  readonly spec: JobSpec;
  readonly requestId: string;
  /** How long to wait for the end; undefined: as long as the signal allows. */
  readonly waitMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** A job at its end, durable; or as it stood when the wait was over. */
export interface RunOutcome {
  readonly job: Job;
  /** The JSON that it returned, when that is kept with the job. */
  readonly result: Uint8Array | undefined;
}

/** Submits a job and waits for its end. */
export async function runJob(deps: WaitDeps, run: Run): Promise<RunOutcome> {
  const isPlain = run.requestId === "" && run.spec.callbackUrl === "";
  return isPlain ? runAtOnce(deps, run) : runSubmitted(deps, run);
}

/** Nobody knows the id yet, so the job need not be durable before it runs: its end waits for both. */
async function runAtOnce(deps: WaitDeps, { spec, waitMs, signal }: Run): Promise<RunOutcome> {
  const planned = await planJob(deps, spec, "");
  const { job, target } = planned;
  using answer = target.session.expectAnswer(job.id, { signal });
  const inserted = deps.jobs.insert(job, planned.config, { nodeId: target.session.nodeId });
  const sent = dispatch(deps, planned, { confirm: false });
  const ended = waitForEnd(deps, job.id, { waitMs, signal });
  const [refusal] = await Promise.all([Promise.race([answer.given, ended.then(() => undefined)]), inserted, sent]);
  if (refusal === undefined) return outcome(deps, job, await ended);
  await deps.jobs.withdraw(job.id);
  deps.contexts.forget(target.context);
  throw refusedBy(refusal.reason, target.context, refusal.message);
}

/**
 * A request id that may be used again needs a durable job before it is dispatched. So does a callback: another gateway may be told
 * of the end, and has to find the job.
 */
async function runSubmitted(deps: WaitDeps, { spec, requestId, waitMs, signal }: Run): Promise<RunOutcome> {
  const { job } = await submitJob(deps, { spec, requestId, signal });
  return outcome(deps, job, await waitForEnd(deps, job.id, { waitMs, signal }));
}

async function outcome({ jobs }: WaitDeps, job: Job, end: RunOutcome | undefined): Promise<RunOutcome> {
  return end ?? { job: (await jobs.get(job.id)) ?? job, result: undefined };
}
