import type { Dao, JobWriteOptions } from "../../plugins/contract/mod.ts";
import type { Followed } from "./followed.ts";

/** Stores a job. Resolves to false when another gateway has changed it, or another job has its id or request id. */
export async function storeFollowed(dao: Dao, followed: Followed, parts: JobWriteOptions = {}): Promise<boolean> {
  const config = followed.unstored;
  if (config !== undefined) return storeNew(dao, followed, { config, parts });
  followed.job = { ...followed.job, revision: followed.job.revision + 1 };
  return dao.jobs.update(followed.job, parts);
}

/** A failure stores nothing: the next write starts here again. */
async function storeNew(
  dao: Dao,
  followed: Followed,
  { config, parts }: { readonly config: Uint8Array; readonly parts: JobWriteOptions },
): Promise<boolean> {
  followed.unstored = undefined;
  let hasAnswered = false;
  try {
    const existing = await dao.jobs.insert(followed.job, config, parts);
    hasAnswered = true;
    return existing === undefined;
  } finally {
    if (!hasAnswered) followed.unstored = config;
  }
}
