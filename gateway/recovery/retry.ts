import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, isFinalContext, type Job, JobError_Reason, Runtime } from "../../proto/mod.ts";
import type { Refusal } from "../../proto/node.ts";
import { completeSettings, failContext, planAdHocContext, takesJobs } from "../contexts/mod.ts";
import { loseJob } from "../intake/mod.ts";
import { dispatch, insertTarget, type Program, programOf, runsOn, type Target } from "../jobs/mod.ts";
import { type NodeDirectory, type NodeSession, placementOrder } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { unlessUnreadable } from "../state/mod.ts";
import { POSTPONED_MS, type RetryClock } from "./retry_clock.ts";

/** Time limit for a node to accept or refuse an attempt, in milliseconds. `undelivered.ts` handles attempts without a reply. */
const ANSWER_LIMIT_MS = 10_000;

export interface RetryDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly log: Logger;
  readonly jobConfig: JsonObject;
  readonly closing: AbortSignal;
  readonly retryClock: RetryClock;
}

/**
 * Begins the next attempt of a job; of several gateways one succeeds. Postpones it while it cannot run. Fails the job when its context or
 * binary is gone or cannot be read. Rejects when the node does not reply.
 */
export async function retryJob(deps: RetryDeps, jobId: string): Promise<void> {
  await deps.jobs.saveNew(jobId);
  const job = await deps.jobs.get(jobId);
  if (job === undefined || !deps.retryClock.isDue(job) || !(await deps.jobs.isTold(jobId))) return;
  const program = await programOf(deps, job);
  if (program === undefined)
    return fail(deps, job, {
      why: "its binary, or one on its class path, is gone",
      reason: JobError_Reason.LOAD_FAILED,
    });
  const found = await findTarget(deps, job, program);
  if (found === "gone") return fail(deps, job, { why: "its context is gone", reason: JobError_Reason.CONTEXT_LOST });
  if (found === "later") {
    await postpone(deps, job, job);
    return;
  }
  // The context comes first: an attempt in an unknown context would count as one whose context is gone.
  const { job: next, target } = await insertTarget(deps, { job: nextAttempt(job, found.context), target: found });
  const { context, session } = target;
  if (!(await deps.jobs.claim(next, { nodeId: session.nodeId }))) {
    if (target.isNew) await failContext(deps, context, "another gateway retried the job first");
    session.release(context.id);
    await deps.jobs.refresh(jobId);
    return;
  }
  const refusal = await begin(deps, { job: (await deps.jobs.get(jobId)) ?? next, program, target });
  if (refusal === undefined) {
    deps.log.info({ job: jobId, attempt: next.attempt, context: context.name }, "retrying a job");
    return;
  }
  deps.log.info({ job: jobId, attempt: next.attempt, why: refusal.message }, "postponed the next attempt of a job");
  deps.contexts.forget(context);
  if (target.isNew) await failContext(deps, context, refusal.message);
  const claimed = await deps.jobs.get(jobId);
  if (claimed?.attempt === next.attempt) await postpone(deps, job, claimed);
}

function nextAttempt(job: Job, { id, name }: Context): Job {
  const next: Job = { ...job, attempt: job.attempt + 1, contextId: id, context: name };
  delete next.nextAttemptTime;
  return next;
}

/** Records the failure of a job whose next attempt will never be possible. */
function fail(deps: RetryDeps, job: Job, loss: Parameters<typeof loseJob>[2]): Promise<void> {
  return loseJob(deps, { ...job, maxAttempts: job.attempt }, loss);
}

/** Sends the attempt to its node. Resolves to the refusal, or to undefined if the node accepted it. */
async function begin(
  deps: RetryDeps,
  attempt: { readonly job: Job; readonly program: Program; readonly target: Target },
): Promise<Refusal | undefined> {
  const config = (await deps.jobs.config(attempt.job.id)) ?? new Uint8Array();
  const waiting = { signal: deps.closing, timeoutMs: ANSWER_LIMIT_MS };
  using answer = dispatch(deps, { ...attempt, config, noQueue: false }, { confirm: true, ...waiting });
  return await answer.given;
}

/** Postpones the next attempt of a job. */
async function postpone({ jobs }: RetryDeps, before: Job, { revision }: Job): Promise<void> {
  const nextAttemptTime = timestampFromMs(Date.now() + POSTPONED_MS);
  if (!(await jobs.claim({ ...before, revision, nextAttemptTime }, { nodeId: "" }))) await jobs.refresh(before.id);
}

async function findTarget(deps: RetryDeps, job: Job, program: Program): Promise<Target | "gone" | "later"> {
  const context = await deps.contexts.find(job.contextId).catch(unlessUnreadable);
  if (context === undefined) return "gone";
  if (context.adHoc) return isFinalContext(context.state) ? planAgain(deps, { job, program, context }) : "later";
  if (isFinalContext(context.state)) return "gone";
  const session = deps.nodes.session(context.nodeId);
  return takesJobs(context) && session !== undefined ? { context, session, isNew: false } : "later";
}

interface Again {
  readonly job: Job;
  readonly program: Program;
  /** Context of the attempt before. */
  readonly context: Context;
}

/** Plans a context with the same settings, once a node can host it. */
function planAgain(deps: RetryDeps, { job, program, context }: Again): Target | "later" {
  // Contexts from before runtimes existed are Deno's.
  const settings = completeSettings(context.settings, Runtime.DENO);
  const { memoryBytes, nodeLabels: labels, runtime } = settings;
  const accepts = (session: NodeSession) => runsOn(program, session);
  const demand = { memoryBytes: Number(memoryBytes), labels, runtime, accepts };
  if (placementOrder(deps.nodes.sessions(), demand).length === 0) return "later";
  return { ...planAdHocContext(deps, job.entryPoint, { settings, accepts }), isNew: true };
}
