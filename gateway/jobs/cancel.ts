import { deadline } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { jobNotFound, nodeUnreachable } from "../../proto/errors.ts";
import { isFinalJob, type Job } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import { cancelIdleJob } from "../intake/mod.ts";
import { type NodeDirectory, waitForSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { waitForEnd } from "./wait.ts";

/** Time for the end of a job to be stored after its node no longer holds it, in milliseconds. */
const CATCH_UP_MS = 1000;

interface CancelDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly events: EventStream;
  readonly closing: AbortSignal;
}

interface Waiting {
  readonly signal: AbortSignal;
}

/** Cancels a job. Resolves with it when its code has stopped and its slot is free. A job that is already final is returned as it is. */
export async function cancelJob(deps: CancelDeps, jobId: string, { signal }: Waiting): Promise<Job> {
  // Repeats if the job has moved on to another attempt.
  for (;;) {
    const job = await deps.jobs.get(jobId);
    if (job === undefined) throw jobNotFound(jobId);
    if (isFinalJob(job.state)) return job;
    if (job.nextAttemptTime !== undefined) {
      await cancelIdleJob(deps, job, "Cancelled while it waited for its next attempt");
      continue;
    }
    const ended = await cancelOnNode(deps, job, { signal });
    if (ended !== undefined) return ended;
  }
}

/** Resolves to the job when it has ended, or to undefined when it must be read again. */
async function cancelOnNode(deps: CancelDeps, job: Job, { signal }: Waiting): Promise<Job | undefined> {
  const nodeId = (await deps.contexts.find(job.contextId))?.nodeId ?? "";
  const findNodeId = async () => (await deps.contexts.find(job.contextId))?.nodeId;
  const session = deps.nodes.session(nodeId) ?? (await waitForSession(deps.nodes, findNodeId, { signal }));
  if (session === undefined) throw nodeUnreachable(nodeId, job.context);
  const watching = new AbortController();
  try {
    const until = AbortSignal.any([signal, watching.signal]);
    const ended = waitForEnd(deps, job.id, { signal: until });
    using answer = session.ask({ $case: "cancelJob", value: { jobId: job.id } }, { signal: until });
    const first = await Promise.race([ended, answer.given]);
    if (first === undefined || "job" in first) return first?.job;
    await deadline(ended, CATCH_UP_MS, () => {});
  } finally {
    watching.abort();
  }
  const now = await deps.jobs.get(job.id);
  const isUnchanged = now !== undefined && now.attempt === job.attempt && now.seq === job.seq;
  if (isUnchanged) await cancelIdleJob(deps, now, "Cancelled; its node no longer held it");
  return undefined;
}
