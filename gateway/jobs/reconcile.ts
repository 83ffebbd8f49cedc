import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Context, Job } from "../../proto/mod.ts";
import { OPEN_CONTEXT_STATES, OPEN_JOB_STATES } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { type LoseDeps, loseContext, loseJob } from "./lose.ts";

const INTERVAL_MS = 1000;
const PAGE = 500;

/** What a node does not hold, and was recorded so long before the node said so, is lost. Events on their way need less. */
const GRACE_MS = 5000;

type CompareDeps = LoseDeps & Pick<Core, "dao">;
type ReconcileDeps = CompareDeps & Pick<Core, "nodes" | "log">;

/**
 * Keeps the record true to what nodes do: once a second, contexts whose node is lost fail with their jobs, and jobs that were
 * sent on a session that broke are read again. Disposing it waits for a round that is under way.
 */
export function startReconciler(deps: ReconcileDeps): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let round = Promise.resolve();
  let isClosed = false;
  const next = (): void => {
    timer = setTimeout(() => {
      round = reconcile(deps)
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

/** Compares the record with what a node said that it holds when its session was opened; loses what it has not. */
export async function compareWithNode(deps: CompareDeps, session: NodeSession): Promise<void> {
  const openedMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
  const { contextIds, jobs } = session.welcome;
  const heldJobs = new Set(jobs.map(({ jobId }) => jobId));
  const isOlder = ({ createTime }: Context | Job): boolean =>
    createTime !== undefined && timestampMs(createTime) < openedMs - GRACE_MS;
  for await (const context of openContexts(deps)) {
    if (context.nodeId !== session.nodeId || !isOlder(context)) continue;
    const isHeld = contextIds.includes(context.id);
    for (const job of await openJobs(deps, context)) {
      if (isOlder(job) && !heldJobs.has(job.id)) await loseJob(deps, job, "its node does not hold it");
    }
    if (!isHeld) await loseContext(deps, context, "its node does not hold it");
  }
}

async function reconcile(deps: ReconcileDeps): Promise<void> {
  const unreachable = deps.jobs.followedOn((nodeId) => deps.nodes.session(nodeId) === undefined);
  for (const { id } of unreachable) await deps.jobs.refresh(id);
  for await (const context of openContexts(deps)) {
    if (!deps.nodes.isLost(context.nodeId)) continue;
    const why = `node ${context.nodeId} is gone`;
    deps.log.warn({ context: context.name, contextId: context.id, node: context.nodeId }, "context lost with its node");
    for (const job of await openJobs(deps, context)) await loseJob(deps, job, why);
    await loseContext(deps, context, why);
  }
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

/** All of them, page by page: those already lost drop out of the next page. */
async function openJobs({ dao }: CompareDeps, { id }: Context): Promise<Job[]> {
  const jobs: Job[] = [];
  for (;;) {
    const page = await dao.jobs.list(
      { states: OPEN_JOB_STATES, contextId: id },
      { limit: PAGE, before: jobs.at(-1)?.id },
    );
    jobs.push(...page);
    if (page.length < PAGE) return jobs;
  }
}
