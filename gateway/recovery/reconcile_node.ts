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

/** Age at which a job or context that its node does not hold counts as lost, in milliseconds. Commands and events in flight are younger. */
const GRACE_MS = 5000;

const WHY = "its node does not hold it";

interface ReconcileNodeDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly log: Logger;
}

/** The contexts and jobs of a node as stored. */
export interface Recorded {
  readonly contexts: readonly Context[];
  readonly jobs: readonly Job[];
}

/**
 * Compares the store with a node whose session has opened. Stops contexts that have moved away or are final. Marks as lost what the node
 * does not hold, except what was dispatched or reported after the comparison began.
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

/** A node that was silent may return with contexts that have been moved, and whose jobs run elsewhere. */
async function stopStrays({ dao, log }: ReconcileNodeDeps, session: NodeSession): Promise<void> {
  const { nodeId, contextIdsAtOpening } = session;
  for (const contextId of contextIdsAtOpening) {
    const context = await dao.contexts.get(contextId).catch(unlessUnreadable);
    // A context that is not in this store, or cannot be read, may not have been moved.
    if (context === undefined || (context.nodeId === nodeId && !isFinalContext(context.state))) continue;
    log.warn({ node: nodeId, context: context.name, contextId }, "stopping an abandoned context on its former node");
    session.send({ $case: "stopContext", value: { contextId, force: true, drain: false } });
  }
}

/** Asks a node which of these it does not hold, marks those as lost, and resolves to their ids. Rejects when the session ends. */
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
  // Contexts come after their jobs: while they are open, another round finds both.
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
