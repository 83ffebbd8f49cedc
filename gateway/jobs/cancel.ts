import { deadline } from "../../lib/async/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { jobNotFound, nodeUnreachable } from "../../proto/errors.ts";
import { isFinalJob, type Job } from "../../proto/mod.ts";
import type { EventStream } from "../events/mod.ts";
import { cancelIdleJob } from "../intake/mod.ts";
import { type NodeDirectory, waitForSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { waitForEnd } from "./wait.ts";

/** What a node no longer holds may have ended, or wait for its next attempt, and not be recorded yet for so long. */
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

/**
 * Cancels a job and resolves with it when it has stopped: its code does not run any more and its slot is free.
 * A job that was final before is answered as it is.
 */
export async function cancelJob(deps: CancelDeps, jobId: string, { signal }: Waiting): Promise<Job> {
  // Again when it went on to another attempt in the meantime.
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

/** The job when it has ended; undefined when it is to be looked at again. */
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
  if (isUnchanged) await cancelIdleJob(deps, now, "Cancelled; its node did not hold it any more");
  return undefined;
}
