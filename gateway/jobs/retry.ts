import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Context, Context_State, isFinalContext, type Job, Job_State, JobError_Reason } from "../../proto/mod.ts";
import { findBinary } from "../binaries/mod.ts";
import { planAdHocContext } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import { type LoseDeps, loseJob } from "./lose.ts";
import { dispatch, type SubmitDeps, type Target } from "./submit.ts";

/** How long an attempt is put off when there is nowhere to run it yet. */
const POSTPONED_MS = 1000;

export type RetryDeps = SubmitDeps & LoseDeps & Pick<Core, "log">;

/** Whether a job waits for an attempt that is due. */
export function isRetryDue({ state, nextAttemptTime }: Job, nowMs: number): boolean {
  return state === Job_State.QUEUED && nextAttemptTime !== undefined && timestampMs(nextAttemptTime) <= nowMs;
}

/**
 * Begins the next attempt of a job that waits for one; of several gateways that try, one does. Where it cannot run yet it is
 * put off; when its context is gone for good it has failed.
 */
export async function retryJob(deps: RetryDeps, jobId: string): Promise<void> {
  const job = await deps.jobs.get(jobId);
  if (job === undefined || !isRetryDue(job, Date.now())) return;
  const target = await findTarget(deps, job);
  if (target === "gone") {
    await loseJob(deps, { ...job, maxAttempts: job.attempt }, "its context is gone", JobError_Reason.CONTEXT_LOST);
    return;
  }
  if (target === "later") {
    await deps.jobs.claim({ ...job, nextAttemptTime: timestampFromMs(Date.now() + POSTPONED_MS) }, { nodeId: "" });
    return;
  }
  const { context, session } = target;
  const next: Job = { ...job, attempt: job.attempt + 1, contextId: context.id, context: context.name };
  delete next.nextAttemptTime;
  if (!(await deps.jobs.claim(next, { nodeId: session.nodeId }))) return;
  const binary = await findBinary(deps, `${job.binary}@${job.binaryDigest}`);
  const config = (await deps.jobs.config(jobId)) ?? new Uint8Array();
  const claimed = (await deps.jobs.get(jobId)) ?? next;
  await dispatch(deps, { job: claimed, binary, target, config, noQueue: false }, { confirm: false });
  deps.log.info({ job: jobId, attempt: next.attempt, context: context.name }, "job is tried again");
}

async function findTarget(deps: RetryDeps, job: Job): Promise<Target | "gone" | "later"> {
  const context = await deps.contexts.find(job.contextId);
  if (context === undefined) return "gone";
  if (context.adHoc) return isFinalContext(context.state) ? planAgain(deps, job, context) : "later";
  if (isFinalContext(context.state)) return "gone";
  const session = deps.nodes.session(context.nodeId);
  return context.state === Context_State.RUNNING && session !== undefined
    ? { context, session, isNew: false }
    : "later";
}

function planAgain(deps: RetryDeps, job: Job, { settings }: Context): Target | "later" {
  if (deps.nodes.sessions().length === 0) return "later";
  return { ...planAdHocContext(deps, job.entryPoint, settings), isNew: true };
}
