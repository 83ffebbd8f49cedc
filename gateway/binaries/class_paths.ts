import { setTimeout as delay } from "node:timers/promises";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type Job, OPEN_JOB_STATES } from "../../proto/mod.ts";

const PAGE = 500;
const PAUSE_MS = 5;

/** The open jobs with further jars on their class path. */
export async function* openJobsWithClassPath({ dao }: { readonly dao: Dao }): AsyncGenerator<Job> {
  let before: string | undefined;
  for (;;) {
    const page = await dao.jobs.list({ states: OPEN_JOB_STATES }, { limit: PAGE, before });
    yield* page.filter(({ classPath }) => classPath.length > 0);
    if (page.length < PAGE) return;
    before = page.at(-1)?.id;
    await delay(PAUSE_MS);
  }
}

/** References of all jars on class paths of open jobs: `name@sha256:<hex>`. */
export async function openClassPaths(deps: { readonly dao: Dao }): Promise<ReadonlySet<string>> {
  const references = new Set<string>();
  for await (const { classPath } of openJobsWithClassPath(deps)) {
    for (const reference of classPath) references.add(reference);
  }
  return references;
}
