import type { Logger } from "pino";
import type { JsonObject } from "../../lib/hocon/mod.ts";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Context, isFinalContext, isFinalJob, type Job, Job_State } from "../../proto/mod.ts";
import { canMove, loseContext, replaceContext } from "../contexts/mod.ts";
import { loseJobs } from "../intake/mod.ts";
import type { NodeDirectory } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { allJobs, begunJobs, openContexts } from "./open_jobs.ts";
import { retryJob } from "./retry.ts";
import { RetryClock } from "./retry_clock.ts";
import { UndeliveredSearch } from "./undelivered.ts";

const INTERVAL_MS = 500;

/** Rounds between thorough ones, which also cover the jobs that other gateways dispatched: due attempts, and undelivered jobs. */
const THOROUGH_EVERY = 4;

const RETRIES_AT_A_TIME = 100;

interface ReconcileDeps {
  readonly dao: Dao;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly nodes: NodeDirectory;
  readonly log: Logger;
  readonly jobConfig: JsonObject;
  readonly closing: AbortSignal;
  readonly retryClock: RetryClock;
}

/**
 * Reconciles the store with the nodes twice a second: moves or fails the contexts of lost nodes, re-reads jobs whose session is closed,
 * begins due attempts, and marks undelivered jobs as lost. Disposal waits for the current round.
 */
export function startReconciler(core: Omit<ReconcileDeps, "retryClock">): AsyncDisposable {
  const deps: ReconcileDeps = { ...core, retryClock: new RetryClock() };
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  let rounds = 0;
  const undelivered = new UndeliveredSearch();
  let isClosed = false;
  const next = (): void => {
    timer = setTimeout(() => {
      rounds += 1;
      round = reconcile(deps, rounds % THOROUGH_EVERY === 0 ? undelivered : undefined)
        .catch((error) => deps.log.error({ err: error }, "could not reconcile the store with the nodes"))
        .then(() => (isClosed ? undefined : next()));
    }, INTERVAL_MS);
  };
  next();
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(timer);
      await round;
    },
  };
}

/** With a search for undelivered jobs, the round is a thorough one. */
async function reconcile(deps: ReconcileDeps, undelivered: UndeliveredSearch | undefined): Promise<void> {
  const followed = deps.jobs.followed();
  for (const { job, nodeId, isOutOfTouch } of followed) {
    const hasNoSession = isOutOfTouch || deps.nodes.session(nodeId) === undefined;
    if (hasNoSession || (await hasEndedElsewhere(deps, job))) await deps.jobs.refresh(job.id);
  }
  await deps.nodes.listen();
  for await (const context of openContexts(deps)) {
    if (deps.nodes.isLost(context.nodeId)) await loseWithNode(deps, context).catch(reportLoss(deps, context));
    else undelivered?.seeContext(context);
  }
  const waiting = undelivered ? allJobs(deps, { states: [Job_State.QUEUED] }) : followed.map(({ job }) => job);
  let due: Job[] = [];
  for await (const job of waiting) {
    undelivered?.seeJob(job);
    if (deps.retryClock.isDue(job)) due.push(job);
    if (due.length < RETRIES_AT_A_TIME) continue;
    await retryAll(deps, due);
    due = [];
  }
  await retryAll(deps, due);
  if (undelivered !== undefined) deps.retryClock.forgetOthers();
  await undelivered?.loseUndelivered(deps);
}

/** No node reports a job that waits for its next attempt: another gateway may have cancelled it. */
async function hasEndedElsewhere({ jobs }: ReconcileDeps, { id, nextAttemptTime }: Job): Promise<boolean> {
  if (nextAttemptTime === undefined) return false;
  const job = await jobs.get(id);
  return job !== undefined && isFinalJob(job.state);
}

async function retryAll(deps: ReconcileDeps, due: readonly Job[]): Promise<void> {
  const retries = await Promise.allSettled(due.map(({ id }) => retryJob(deps, id)));
  for (const [index, retry] of retries.entries()) {
    if (retry.status === "fulfilled") continue;
    deps.log.warn({ job: due[index]?.id, err: retry.reason }, "could not begin the next attempt of a job");
  }
}

/** A failure for one context does not delay the others. */
function reportLoss({ log }: ReconcileDeps, { id, name }: Context): (error: unknown) => void {
  return (error) =>
    log.warn({ context: name, contextId: id, err: error }, "could not mark a context as lost with its node");
}

/** Moves a context to another node if possible. Its jobs are retried or have failed. */
async function loseWithNode(deps: ReconcileDeps, listed: Context): Promise<void> {
  // Read before the context: jobs that another gateway has begun elsewhere by then are not among them.
  const jobs = await begunJobs(deps, listed);
  const context = await deps.dao.contexts.get(listed.id);
  if (context === undefined || context.nodeId !== listed.nodeId) return;
  const why = `node ${context.nodeId} is gone`;
  deps.log.warn({ context: context.name, contextId: context.id, node: context.nodeId }, "context lost with its node");
  // The context comes last: while it is open, another gateway finds it and its jobs, should this one die in between.
  if (!(await loseJobs(deps, jobs, { why })) || isFinalContext(context.state)) return;
  await loseContext(deps, context, why);
  if (!canMove(context) || (await replaceContext(deps, context))) return;
  deps.log.warn({ context: context.name, contextId: context.id }, "no node can host the context yet");
}
