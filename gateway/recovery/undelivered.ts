import type { Logger } from "pino";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, Context_State, isFinalContext, type Job, Job_State } from "../../proto/mod.ts";
import { canMove, replaceContext, sendStart } from "../contexts/mod.ts";
import { loseJobs } from "../intake/mod.ts";
import type { NodeDirectory, NodeSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { unlessUnreadable } from "../state/mod.ts";
import { loseMissing, type Recorded } from "./reconcile_node.ts";

/** What was recorded so long ago is on its node, or will never be. */
const GRACE_MS = 3000;

/** States of a context that its node is to make RUNNING. */
const BEGINNING: ReadonlySet<Context_State> = new Set([Context_State.STARTING, Context_State.RESTARTING]);

interface SearchDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly log: Logger;
}

interface Sighting {
  /** Which attempt of a job, which node and restart of a context: another one is another sighting. */
  readonly version: string;
  /** When it was first seen, in milliseconds of the process. */
  readonly since: number;
  /** Its node has said that it holds it: what becomes of it then, events tell. */
  isHeld: boolean;
  /** It was seen in the round under way. */
  isThere: boolean;
}

/**
 * Finds what a gateway recorded and never sent, because it was killed in between: what is QUEUED, STARTING or RESTARTING for some rounds is
 * asked of its node, until the node says that it holds it.
 */
export class UndeliveredSearch {
  readonly #jobs = new Map<string, Sighting>();
  readonly #contexts = new Map<string, Sighting>();

  /** Takes note of a job that is QUEUED in the store. */
  seeJob({ id, attempt, nextAttemptTime }: Job): void {
    if (nextAttemptTime === undefined) see(this.#jobs, id, String(attempt));
  }

  /** Takes note of a context in the store. */
  seeContext({ id, state, nodeId, restarts }: Context): void {
    if (BEGINNING.has(state)) see(this.#contexts, id, `${nodeId}/${restarts}`);
  }

  /** Ends a round: asks about what is overdue, and loses what its node does not hold. Rejects when a session ends meanwhile. */
  async loseUndelivered(deps: SearchDeps): Promise<void> {
    const contexts = await this.#overdueContexts(deps);
    const jobs = await this.#overdueJobs(deps);
    for (const nodeId of new Set([...contexts.keys(), ...jobs.keys()])) {
      const session = deps.nodes.session(nodeId);
      // Another gateway may have one; without any the node is lost before long.
      if (session === undefined) continue;
      await this.#ask(deps, session, { contexts: contexts.get(nodeId) ?? [], jobs: jobs.get(nodeId) ?? [] });
    }
  }

  /** By node, as they are now. */
  async #overdueContexts({ dao }: SearchDeps): Promise<Map<string, Context[]>> {
    const found = await Promise.all(
      takeOverdue(this.#contexts).map((id) => dao.contexts.get(id).catch(unlessUnreadable)),
    );
    const beginning = found.filter((context) => context !== undefined).filter(({ state }) => BEGINNING.has(state));
    return Map.groupBy(beginning, ({ nodeId }) => nodeId);
  }

  /** By node, as they are now. One whose context is gone, or cannot be read any more, is lost. */
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
      // It may have been taken for lost and be back: it tells anew how things are.
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
