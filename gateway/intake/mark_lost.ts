import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import { isFinalJob, type Job, JobError_Reason } from "../../proto/mod.ts";
import type { JobRegistry } from "../state/mod.ts";
import { retryDelayMs } from "./retry_delay.ts";

/** Jobs that are marked at a time. Each that another gateway dispatched needs a request to NATS. */
const AT_A_TIME = 50;

interface MarkLostDeps {
  readonly jobs: JobRegistry;
  readonly log: Logger;
}

interface Loss {
  readonly why: string;
  readonly reason?: JobError_Reason.NODE_LOST | JobError_Reason.CONTEXT_LOST | JobError_Reason.LOAD_FAILED | undefined;
}

/**
 * Marks jobs as lost unless they have advanced since they were read. A failure does not delay the others. Resolves to false if any could
 * not be updated.
 */
export async function loseJobs(deps: MarkLostDeps, jobs: readonly Job[], loss: Loss): Promise<boolean> {
  let isDone = true;
  for (let start = 0; start < jobs.length; start += AT_A_TIME) {
    const some = jobs.slice(start, start + AT_A_TIME);
    const lost = await Promise.allSettled(some.map((job) => loseUnchanged(deps, job, loss)));
    for (const [index, each] of lost.entries()) {
      if (each.status === "fulfilled") continue;
      isDone = false;
      deps.log.warn({ job: some[index]?.id, err: each.reason }, "could not mark a job as lost");
    }
  }
  return isDone;
}

async function loseUnchanged(deps: MarkLostDeps, { id, attempt }: Job, loss: Loss): Promise<void> {
  const job = await deps.jobs.get(id);
  const isSame = job !== undefined && job.attempt === attempt && job.nextAttemptTime === undefined;
  if (isSame && !isFinalJob(job.state)) await loseJob(deps, job, loss);
}

/** Marks a job as lost: it is retried if it has attempts left, else it has failed. */
export async function loseJob(deps: { readonly jobs: JobRegistry }, job: Job, loss: Loss): Promise<void> {
  const { why, reason = JobError_Reason.NODE_LOST } = loss;
  const error = { reason, name: JobError_Reason[reason], message: `Job lost: ${why}` };
  if (job.attempt >= job.maxAttempts) {
    await deps.jobs.decide(job, { case: "failed", value: { error } });
    return;
  }
  const nextAttemptTime = timestampFromMs(Date.now() + retryDelayMs(job));
  // The job keeps the start of its first attempt.
  const startTime = job.attempt === 1 ? job.startTime : undefined;
  await deps.jobs.decide(job, { case: "retrying", value: { error, nextAttemptTime, startTime } });
}

/** Records the cancellation of a job that no node holds. */
export async function cancelIdleJob(deps: { readonly jobs: JobRegistry }, job: Job, message: string): Promise<void> {
  const error = { reason: JobError_Reason.CANCELLED, name: "Cancelled", message };
  await deps.jobs.decide(job, { case: "cancelled", value: { error } });
}
