import { jobNotFound, nodeUnreachable } from "../../proto/errors.ts";
import { isFinalJob, type Job } from "../../proto/mod.ts";
import { cancelWaitingJob, type LoseDeps, loseJob } from "./lose.ts";
import { type WaitDeps, waitForEnd } from "./wait.ts";

/**
 * Cancels a job and resolves with it when it has stopped: its code does not run any more and its slot is free.
 * A job that was final before is answered as it is.
 */
export async function cancelJob(
  deps: WaitDeps & LoseDeps,
  jobId: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Job> {
  const job = await deps.jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  if (isFinalJob(job.state)) return job;
  if (job.nextAttemptTime !== undefined) {
    await cancelWaitingJob(deps, job);
    return (await deps.jobs.get(jobId)) ?? job;
  }
  const nodeId = (await deps.contexts.find(job.contextId))?.nodeId ?? "";
  const session = deps.nodes.session(nodeId);
  if (session === undefined) throw nodeUnreachable(nodeId, job.context);
  using answer = session.expectAnswer(jobId, { signal });
  const ended = waitForEnd(deps, jobId, { signal });
  session.send({ $case: "cancelJob", value: { jobId } });
  const refusal = await Promise.race([ended.then(() => undefined), answer.given]);
  if (refusal !== undefined) await loseJob(deps, job, "its node does not hold it");
  return (await ended)?.job ?? job;
}
