import type { Dao, JobFilter } from "../../plugins/contract/mod.ts";
import { type Context, type Job, OPEN_CONTEXT_STATES, OPEN_JOB_STATES } from "../../proto/mod.ts";

const PAGE = 500;

interface ReadDeps {
  readonly dao: Dao;
}

/** All contexts that are not final. */
export function openContexts({ dao }: ReadDeps): AsyncGenerator<Context> {
  return pages((before) => dao.contexts.list({ states: OPEN_CONTEXT_STATES }, { limit: PAGE, before }));
}

/**
 * The open jobs of a context that a node should hold, without those that wait for their next attempt. Reads all of them first, because
 * changing a job changes later pages.
 */
export async function begunJobs(deps: ReadDeps, { id }: Context): Promise<Job[]> {
  const jobs = await Array.fromAsync(allJobs(deps, { states: OPEN_JOB_STATES, contextId: id }));
  return jobs.filter(({ nextAttemptTime }) => nextAttemptTime === undefined);
}

export function allJobs({ dao }: ReadDeps, filter: JobFilter): AsyncGenerator<Job> {
  return pages((before) => dao.jobs.list(filter, { limit: PAGE, before }));
}

/** The rows of all pages. */
async function* pages<Row extends { readonly id: string }>(
  read: (before: string | undefined) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  let before: string | undefined;
  for (;;) {
    const page = await read(before);
    yield* page;
    if (page.length < PAGE) return;
    before = page.at(-1)?.id;
  }
}
