import type { Dao } from "../../plugins/contract/mod.ts";
import type { Followed } from "./followed.ts";

/** Writes a job as it stands. False when another gateway has changed it, or has its id or request id. */
export async function storeFollowed(dao: Dao, followed: Followed, result?: Uint8Array): Promise<boolean> {
  const config = followed.unstored;
  if (config !== undefined) return storeNew(dao, { followed, config, result });
  followed.job = { ...followed.job, revision: followed.job.revision + 1 };
  return dao.jobs.update(followed.job, { result });
}

interface NewJob {
  readonly followed: Followed;
  readonly config: Uint8Array;
  readonly result: Uint8Array | undefined;
}

/** The store has none of it when it fails: the next write is to begin there again. */
async function storeNew(dao: Dao, { followed, config, result }: NewJob): Promise<boolean> {
  followed.unstored = undefined;
  let hasAnswered = false;
  try {
    const existing = await dao.jobs.insert(followed.job, config, { result });
    hasAnswered = true;
    return existing === undefined;
  } finally {
    if (!hasAnswered) followed.unstored = config;
  }
}
