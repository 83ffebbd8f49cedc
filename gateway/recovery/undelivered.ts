import type { Logger } from "pino";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, Context_State, isFinalContext, type Job, Job_State } from "../../proto/mod.ts";
import { canMove, replaceContext, sendStart } from "../contexts/mod.ts";
import { loseJobs } from "../intake/mod.ts";
import type { NodeDirectory, NodeSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { unlessUnreadable } from "../state/mod.ts";
import { loseMissing, type Recorded } from "./reconcile_node.ts";

/** Age at which a stored job or context has reached its node or never will, in milliseconds. */
const GRACE_MS = 3000;

/** States of a context that its node is still to start. */
const BEGINNING: ReadonlySet<Context_State> = new Set([Context_State.STARTING, Context_State.RESTARTING]);

interface SearchDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly log: Logger;
}

interface Sighting {
  /** Attempt of a job, or node and restart count of a context. Another one is another sighting. */
  readonly version: string;
  /** When it was first seen, on the clock of `performance.now()`. */
  readonly since: number;
  /** Whether its node has confirmed that it holds it. Events report the rest. */
  isHeld: boolean;
  /** Whether it was seen in the current round. */
  isThere: boolean;
}

/**
 * Finds jobs and contexts that a gateway stored and never sent because it died in between. Asks the nodes of those that stay QUEUED,
 * STARTING or RESTARTING for some rounds, until the node confirms that it holds them.
 */
export class UndeliveredSearch {
  readonly #jobs = new Map<string, Sighting>();
  readonly #contexts = new Map<string, Sighting>();

  /** Notes a job that is QUEUED in the store. */
  seeJob({ id, attempt, nextAttemptTime }: Job): void {
    if (nextAttemptTime === undefined) see(this.#jobs, id, String(attempt));
  }

  /** Notes a context in the store. */
  seeContext({ id, state, nodeId, restarts }: Context): void {
    if (BEGINNING.has(state)) see(this.#contexts, id, `${nodeId}/${restarts}`);
  }

  /**
   * Ends a round: asks nodes about overdue jobs and contexts, and marks as lost what they do not hold. Rejects when a session ends
   * meanwhile.
   */
  async loseUndelivered(deps: SearchDeps): Promise<void> {
    const contexts = await this.#overdueContexts(deps);
    const jobs = await this.#overdueJobs(deps);
    for (const nodeId of new Set([...contexts.keys(), ...jobs.keys()])) {
      const session = deps.nodes.session(nodeId);
      // Another gateway may have a session; without any, the node is lost before long.
      if (session === undefined) continue;
      await this.#ask(deps, session, { contexts: contexts.get(nodeId) ?? [], jobs: jobs.get(nodeId) ?? [] });
    }
  }

  /** Overdue contexts by node, as stored now. */
  async #overdueContexts({ dao }: SearchDeps): Promise<Map<string, Context[]>> {
    const found = await Promise.all(
      takeOverdue(this.#contexts).map((id) => dao.contexts.get(id).catch(unlessUnreadable)),
    );
    const beginning = found.filter((context) => context !== undefined).filter(({ state }) => BEGINNING.has(state));
    return Map.groupBy(beginning, ({ nodeId }) => nodeId);
  }

  /** Overdue jobs by node, as stored now. Marks those as lost whose context is gone or cannot be read. */
  async #overdueJobs(deps: SearchDeps): Promise<Map<string, Job[]>> {
    const byNode = new Map<string, Job[]>();
    const gone: Job[] = [];
    for (const id of takeOverdue(this.#jobs)) {
      const job = await deps.dao.jobs.get(id).catch(unlessUnreadable);
      if (job?.state !== Job_State.QUEUED || String(job.attempt) !== this.#jobs.get(id)?.version) continue;
      const context = await deps.contexts.find(job.contextId).catch(unlessUnreadable);
      if (context === undefined || isFinalContext(context.state)) gone.push(job);
      else byNode.set(context.nodeId, [...(byNode.get(context.nodeId) ?? []), job]);
    }
    await loseJobs(deps, gone, { why: "its context is gone" });
    return byNode;
  }

  async #ask(deps: SearchDeps, session: NodeSession, recorded: Recorded): Promise<void> {
    const missing = await loseMissing(deps, session, recorded);
    for (const context of recorded.contexts) {
      if (missing.has(context.id)) continue;
      // It may have been marked as lost: its node reports its state again.
      sendStart(session, context);
      hold(this.#contexts.get(context.id));
    }
    for (const { id } of recorded.jobs) if (!missing.has(id)) hold(this.#jobs.get(id));
    const moving = recorded.contexts.filter((context) => missing.has(context.id) && canMove(context));
    for (const context of moving) await replaceContext(deps, context);
  }
}

function see(sightings: Map<string, Sighting>, id: string, version: string): void {
  const before = sightings.get(id);
  if (before?.version === version) before.isThere = true;
  else sightings.set(id, { version, since: performance.now(), isHeld: false, isThere: true });
}

/** Returns the ids of overdue sightings. Forgets what was not seen in this round. */
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
