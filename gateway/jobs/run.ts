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
  /** Owner of the request id; see `Authorization.caller`. */
  readonly caller: string | undefined;
  /** Time limit of the wait, in milliseconds. Undefined: until the signal is aborted. */
  readonly waitMs?: number | undefined;
  readonly signal: AbortSignal;
}

/** A job with a durable end, or as it was when the wait timed out. */
export interface RunOutcome {
  readonly job: Job;
  /** The result as JSON, if it is stored with the job. */
  readonly result: Uint8Array | undefined;
}

/** Submits a job and waits for its end. */
export async function runJob(deps: RunDeps, run: Run): Promise<RunOutcome> {
  const isPlain = run.requestId === "" && run.spec.callbackUrl === "";
  return isPlain ? runAtOnce(deps, run) : runSubmitted(deps, run);
}

/** Runs a job whose id nobody knows yet: it need not be stored before it runs. Its end is durable before it is returned. */
async function runAtOnce(deps: RunDeps, { spec, waitMs, signal }: Run): Promise<RunOutcome> {
  const planned = await insertTarget(deps, await planJob(deps, spec, { requestId: "", signal }));
  const { job, target } = planned;
  deps.jobs.adopt(job, planned.config, { nodeId: target.session.nodeId });
  // In this order and in one turn: if `dispatch` throws, no rejection is left unhandled.
  using answer = dispatch(deps, planned, { confirm: false, signal });
  const ended = waitForEnd(deps, job.id, { waitMs, signal });
  const refusal = await Promise.race([answer.given, ended.then(() => undefined)]);
  if (refusal === undefined) return outcome(deps, job, await ended);
  return withdrawRefused(deps, planned, refusal);
}

/**
 * Runs a job that is stored before it is dispatched. A request id that may repeat needs that, and a callback: another gateway may receive
 * the end and must find the job.
 */
async function runSubmitted(deps: RunDeps, run: Run): Promise<RunOutcome> {
  const { waitMs, signal } = run;
  const { job } = await submitJob(deps, run);
  return outcome(deps, job, await waitForEnd(deps, job.id, { waitMs, signal }));
}

/** Stores a job that is not final before its id is returned. */
async function outcome({ jobs }: RunDeps, job: Job, end: RunOutcome | undefined): Promise<RunOutcome> {
  if (end !== undefined) return end;
  await jobs.save(job.id);
  return { job: (await jobs.get(job.id)) ?? job, result: undefined };
}
