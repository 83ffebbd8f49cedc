import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { JobFilter } from "../../plugins/contract/mod.ts";
import {
  type Context,
  Context_State,
  isFinalJob,
  type Job,
  Job_State,
  OPEN_CONTEXT_STATES,
  OPEN_JOB_STATES,
} from "../../proto/mod.ts";
import { replaceContext } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { type LoseDeps, loseContext, loseJob } from "./lose.ts";
import { isRetryDue, type RetryDeps, retryJob } from "./retry.ts";

const INTERVAL_MS = 500;

/** Each so many rounds, attempts that are due are also looked for among the jobs that other gateways dispatched. */
const THOROUGH_EVERY = 10;

const PAGE = 500;

const RETRIES_AT_A_TIME = 100;

/** What a node does not hold, and was recorded so long before the node said so, is lost. Events on their way need less. */
const GRACE_MS = 5000;

type CompareDeps = LoseDeps & Pick<Core, "dao">;
type ReconcileDeps = CompareDeps & RetryDeps;

/**
 * Keeps the record true to what nodes do, twice a second: contexts whose node is lost move or fail, jobs that were sent on a
 * session that broke are read again, attempts that are due begin. Disposing it waits for a round that is under way.
 */
export function startReconciler(deps: ReconcileDeps): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  let rounds = 0;
  let isClosed = false;
  const next = (): void => {
    timer = setTimeout(() => {
      rounds += 1;
      round = reconcile(deps, { isThorough: rounds % THOROUGH_EVERY === 0 })
        .catch((error) => deps.log.error({ err: error }, "the record could not be compared with the nodes"))
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

/**
 * Compares the record with what a node said that it holds when its session was opened; loses what it has not, unless it was given
 * to the node only since.
 */
export async function compareWithNode(deps: CompareDeps, session: NodeSession): Promise<void> {
  const before = await expectedOn(deps, session.nodeId);
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
  const { contextIds, jobs } = session.welcome;
  const heldJobs = new Set(jobs.map(({ jobId }) => jobId));
  for await (const context of openContexts(deps)) {
    if (context.nodeId !== session.nodeId || !before.has(context.id)) continue;
    const isHeld = contextIds.includes(context.id);
    for (const job of await begunJobs(deps, context)) {
      if (before.has(attemptOf(job)) && !heldJobs.has(job.id)) await loseJob(deps, job, "its node does not hold it");
    }
    if (!isHeld) await loseContext(deps, context, "its node does not hold it");
  }
}

/** What a node should have held for a while: the ids of its contexts, and attempts of their jobs. */
async function expectedOn(deps: CompareDeps, nodeId: string): Promise<Set<string>> {
  const nowMs = Date.now();
  const isOlder = ({ createTime }: Context | Job): boolean =>
    createTime !== undefined && timestampMs(createTime) < nowMs - GRACE_MS;
  const expected = new Set<string>();
  for await (const context of openContexts(deps)) {
    if (context.nodeId !== nodeId || !isOlder(context)) continue;
    expected.add(context.id);
    for (const job of await begunJobs(deps, context)) if (isOlder(job)) expected.add(attemptOf(job));
  }
  return expected;
}

function attemptOf({ id, attempt }: Job): string {
  return `${id}/${attempt}`;
}

async function reconcile(deps: ReconcileDeps, { isThorough }: { readonly isThorough: boolean }): Promise<void> {
  const followed = deps.jobs.followed();
  for (const { job, nodeId } of followed) {
    const isOutOfTouch = deps.nodes.session(nodeId) === undefined || (await hasEndedElsewhere(deps, job));
    if (isOutOfTouch) await deps.jobs.refresh(job.id);
  }
  for await (const context of openContexts(deps)) {
    if (deps.nodes.isLost(context.nodeId)) await loseWithNode(deps, context);
  }
  const waiting = isThorough ? allJobs(deps, { states: [Job_State.QUEUED] }) : followed.map(({ job }) => job);
  let due: Job[] = [];
  for await (const job of waiting) {
    if (isRetryDue(job, Date.now())) due.push(job);
    if (due.length < RETRIES_AT_A_TIME) continue;
    await retryAll(deps, due);
    due = [];
  }
  await retryAll(deps, due);
}

/** No node tells of a job that waits for its next attempt: another gateway may have cancelled it. */
async function hasEndedElsewhere({ jobs }: ReconcileDeps, { id, nextAttemptTime }: Job): Promise<boolean> {
  if (nextAttemptTime === undefined) return false;
  const job = await jobs.get(id);
  return job !== undefined && isFinalJob(job.state);
}

async function retryAll(deps: ReconcileDeps, due: readonly Job[]): Promise<void> {
  const retries = await Promise.allSettled(due.map(({ id }) => retryJob(deps, id)));
  for (const [index, retry] of retries.entries()) {
    if (retry.status === "fulfilled") continue;
    deps.log.warn({ job: due[index]?.id, err: retry.reason }, "the next attempt of a job could not be begun");
  }
}

/** A context that was made to last is given to another node; its jobs of the lost process are retried or have failed. */
async function loseWithNode(deps: ReconcileDeps, context: Context): Promise<void> {
  const why = `node ${context.nodeId} is gone`;
  const { RUNNING, RESTARTING } = Context_State;
  const canMove = !context.adHoc && (context.state === RUNNING || context.state === RESTARTING);
  deps.log.warn({ context: context.name, contextId: context.id, node: context.nodeId }, "context lost with its node");
  if (context.state !== RESTARTING) await loseContext(deps, context, why, { isReplaced: canMove });
  for (const job of await begunJobs(deps, context)) await loseJob(deps, job, why);
  if (!canMove || (await replaceContext(deps, context))) return;
  deps.log.warn({ context: context.name, contextId: context.id }, "no node can take the context over yet");
}

async function* openContexts({ dao }: CompareDeps): AsyncGenerator<Context> {
  let before: string | undefined;
  for (;;) {
    const page = await dao.contexts.list({ states: OPEN_CONTEXT_STATES }, { limit: PAGE, before });
    yield* page;
    if (page.length < PAGE) return;
    before = page.at(-1)?.id;
  }
}

/**
 * The open jobs of a context that a node should hold, which is none that waits for its next attempt. Read whole before anything is
 * done with them, which changes what a later page would hold.
 */
async function begunJobs(deps: CompareDeps, { id }: Context): Promise<Job[]> {
  const jobs = await Array.fromAsync(allJobs(deps, { states: OPEN_JOB_STATES, contextId: id }));
  return jobs.filter(({ nextAttemptTime }) => nextAttemptTime === undefined);
}

async function* allJobs({ dao }: CompareDeps, filter: JobFilter): AsyncGenerator<Job> {
  let before: string | undefined;
  for (;;) {
    const page = await dao.jobs.list(filter, { limit: PAGE, before });
    yield* page;
    if (page.length < PAGE) return;
    before = page.at(-1)?.id;
  }
}
