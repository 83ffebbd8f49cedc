import type { JsonObject } from "../../lib/hocon/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import type { Job, JobSpec } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { withdrawRefused } from "./refusal.ts";
import { dispatch, insertTarget, planJob, submitJob } from "./submit.ts";
import { waitForEnd } from "./wait.ts";

export interface RunDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly events: EventStream;
  readonly jobConfig: JsonObject;
  readonly closing: AbortSignal;
  /** Throws the API error for a URL that no callback could go to. */
  checkCallbackUrl(url: string): void;
}

interface Run {
  readonly spec: JobSpec;
  readonly requestId: string;
  /** Whose request id it is; see `Guard.caller`. */
  readonly caller: string | undefined;
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
export async function runJob(deps: RunDeps, run: Run): Promise<RunOutcome> {
  const isPlain = run.requestId === "" && run.spec.callbackUrl === "";
  return isPlain ? runAtOnce(deps, run) : runSubmitted(deps, run);
}

/** Nobody knows the id yet, so the job need not be stored before it runs; its end is durable before it is told. */
async function runAtOnce(deps: RunDeps, { spec, waitMs, signal }: Run): Promise<RunOutcome> {
  const planned = await insertTarget(deps, await planJob(deps, spec, { requestId: "", signal }));
  const { job, target } = planned;
  deps.jobs.adopt(job, planned.config, { nodeId: target.session.nodeId });
  // In this order, and in one turn: when it throws, nothing waits whose rejection nobody would catch.
  using answer = dispatch(deps, planned, { confirm: false, signal });
  const ended = waitForEnd(deps, job.id, { waitMs, signal });
  const refusal = await Promise.race([answer.given, ended.then(() => undefined)]);
  if (refusal === undefined) return outcome(deps, job, await ended);
  return withdrawRefused(deps, planned, refusal);
}

/**
 * A request id that may be used again needs a durable job before it is dispatched. So does a callback: another gateway may be told
 * of the end, and has to find the job.
 */
async function runSubmitted(deps: RunDeps, run: Run): Promise<RunOutcome> {
  const { waitMs, signal } = run;
  const { job } = await submitJob(deps, run);
  return outcome(deps, job, await waitForEnd(deps, job.id, { waitMs, signal }));
}

/** A job that is not final is durable before its id is told. */
async function outcome({ jobs }: RunDeps, job: Job, end: RunOutcome | undefined): Promise<RunOutcome> {
  if (end !== undefined) return end;
  await jobs.save(job.id);
  return { job: (await jobs.get(job.id)) ?? job, result: undefined };
}
