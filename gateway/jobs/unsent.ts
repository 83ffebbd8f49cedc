import { type Context, Context_State, isFinalContext, type Job, Job_State } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { loseMissing } from "./compare.ts";
import { type LoseDeps, loseJob } from "./lose.ts";

/** What was recorded so long ago is on its node, or will never be. */
const GRACE_MS = 3000;

type SearchDeps = LoseDeps & Pick<Core, "nodes" | "dao">;

interface Sighting {
  /** Of a job; 0 of a context. */
  readonly attempt: number;
  /** When it was first seen, in milliseconds of the process. */
  readonly since: number;
  /** Its node has said that it holds it: what becomes of it then, events tell. */
  isHeld: boolean;
  /** It was seen in the round under way. */
  isThere: boolean;
}

/**
 * Finds what a gateway recorded and never sent, because it was killed in between: what is QUEUED or STARTING for some rounds is asked of its
 * node, once.
 */
export class UnsentSearch {
  readonly #jobs = new Map<string, Sighting>();
  readonly #contexts = new Map<string, Sighting>();

  /** Takes note of a job that is QUEUED in the store. */
  seeJob({ id, attempt, nextAttemptTime }: Job): void {
    if (nextAttemptTime === undefined) see(this.#jobs, id, attempt);
  }

  /** Takes note of a context in the store. */
  seeContext({ id, state }: Context): void {
    if (state === Context_State.STARTING) see(this.#contexts, id, 0);
  }

  /** Ends a round: asks about what is overdue, and loses what its node does not hold. Rejects when a session ends meanwhile. */
  async loseUnsent(deps: SearchDeps): Promise<void> {
    const byNode = new Map<string, { readonly contexts: Context[]; readonly jobs: Job[] }>();
    const on = (nodeId: string) => byNode.get(nodeId) ?? byNode.set(nodeId, { contexts: [], jobs: [] }).get(nodeId);
    for (const id of takeOverdue(this.#contexts)) {
      const context = await deps.dao.contexts.get(id);
      if (context?.state === Context_State.STARTING) on(context.nodeId)?.contexts.push(context);
    }
    for (const id of takeOverdue(this.#jobs)) {
      const job = await deps.dao.jobs.get(id);
      if (job?.state !== Job_State.QUEUED || job.attempt !== this.#jobs.get(id)?.attempt) continue;
      const context = await deps.contexts.find(job.contextId);
      if (context === undefined || isFinalContext(context.state)) await loseJob(deps, job, "its context is gone");
      else on(context.nodeId)?.jobs.push(job);
    }
    for (const [nodeId, { contexts, jobs }] of byNode) {
      const session = deps.nodes.session(nodeId);
      // Another gateway may have one; without any the node is lost before long.
      if (session === undefined) continue;
      await loseMissing(deps, session, { contexts, jobs });
      for (const { id } of contexts) hold(this.#contexts.get(id));
      for (const { id } of jobs) hold(this.#jobs.get(id));
    }
  }
}

function see(sightings: Map<string, Sighting>, id: string, attempt: number): void {
  const before = sightings.get(id);
  if (before?.attempt === attempt) before.isThere = true;
  else sightings.set(id, { attempt, since: performance.now(), isHeld: false, isThere: true });
}

/** The ids of those that are overdue; what was not seen in this round is forgotten. */
function takeOverdue(sightings: Map<string, Sighting>): string[] {
  const overdue: string[] = [];
  for (const [id, sighting] of sightings) {
    if (!sighting.isThere) sightings.delete(id);
    else if (!sighting.isHeld && performance.now() - sighting.since >= GRACE_MS) overdue.push(id);
    sighting.isThere = false;
  }
  return overdue;
}

function hold(sighting: Sighting | undefined): void {
  if (sighting !== undefined) sighting.isHeld = true;
}
