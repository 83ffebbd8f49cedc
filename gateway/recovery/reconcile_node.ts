import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, isFinalContext, type Job } from "../../proto/mod.ts";
import { loseContext } from "../contexts/mod.ts";
import { loseJobs } from "../intake/mod.ts";
import type { NodeSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { unlessUnreadable } from "../state/mod.ts";
import { begunJobs, openContexts } from "./open_jobs.ts";

/** What a node does not hold, and was recorded so long before it says so, is lost. Commands and events on their way need less. */
const GRACE_MS = 5000;

const WHY = "its node does not hold it";

interface ReconcileNodeDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly log: Logger;
}

/** What the record says of a node. */
export interface Recorded {
  readonly contexts: readonly Context[];
  readonly jobs: readonly Job[];
}

/**
 * Compares the record with what a node holds to which a session was opened; stops what was taken for lost with the node and is elsewhere now, or
 * final. Loses what the node has not, unless it was given to the node, or an event told of it, only since.
 */
export async function reconcileNode(deps: ReconcileNodeDeps, session: NodeSession): Promise<void> {
  await stopStrays(deps, session);
  const before = await readRecorded(deps, session);
  const contextIds = new Set(before.contexts.map(({ id }) => id));
  const jobsBefore = new Map(before.jobs.map((job) => [job.id, job]));
  await delay(GRACE_MS, undefined, { ref: false });
  if (session.isOver) return;
  const { contexts, jobs } = await readRecorded(deps, session);
  await loseMissing(deps, session, {
    contexts: contexts.filter(({ id }) => contextIds.has(id)),
    jobs: jobs.filter(({ id, attempt, seq }) => {
      const job = jobsBefore.get(id);
      return job?.attempt === attempt && job.seq === seq;
    }),
  });
}

/** A node that was silent for a while comes back with contexts that the record has given up; their jobs are tried again elsewhere. */
async function stopStrays({ dao, log }: ReconcileNodeDeps, session: NodeSession): Promise<void> {
  const { nodeId, contextIdsAtOpening } = session;
  for (const contextId of contextIdsAtOpening) {
    const context = await dao.contexts.get(contextId).catch(unlessUnreadable);
    // What is not in this record, or cannot be read, is not known to be given up.
    if (context === undefined || (context.nodeId === nodeId && !isFinalContext(context.state))) continue;
    log.warn(
      { node: nodeId, context: context.name, contextId },
      "a context that was given up is stopped on its former node",
    );
    session.send({ $case: "stopContext", value: { contextId, force: true, drain: false } });
  }
}

/** Asks a node which of this it does not hold, loses that, and answers the ids. Rejects when the session ends. */
export async function loseMissing(
  deps: ReconcileNodeDeps,
  session: NodeSession,
  { contexts, jobs }: Recorded,
): Promise<ReadonlySet<string>> {
  const missing = await session.findMissing({
    contextIds: contexts.map(({ id }) => id),
    jobs: jobs.map(({ id, attempt }) => ({ jobId: id, attempt })),
  });
  const missingJobs = jobs.filter(({ id }) => missing.has(id));
  // Contexts after their jobs: as long as they are open, whoever looks again finds both.
  if (!(await loseJobs(deps, missingJobs, { why: WHY }))) return missing;
  for (const context of contexts) if (missing.has(context.id)) await loseContext(deps, context, WHY);
  return missing;
}

async function readRecorded(deps: ReconcileNodeDeps, { nodeId }: NodeSession): Promise<Recorded> {
  const all = await Array.fromAsync(openContexts(deps));
  const contexts = all.filter((context) => context.nodeId === nodeId);
  const jobs: Job[] = [];
  for (const context of contexts) jobs.push(...(await begunJobs(deps, context)));
  return { contexts, jobs };
}
