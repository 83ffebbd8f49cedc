import { type Binary, type Job, OPEN_JOB_STATES } from "../../proto/mod.ts";
import type { Core } from "../core.ts";

/** Jobs that are read together while class paths are searched. */
const PAGE = 200;

/**
 * Jobs that are not final and run a binary, or have it on their class path; of its version with a digest, when there is one. As many as the
 * limit at most.
 */
export async function openJobsWith(
  { dao }: Pick<Core, "dao">,
  { name, digest }: Pick<Binary, "name"> & { readonly digest: string | undefined },
  { limit }: { readonly limit: number },
): Promise<Job[]> {
  const jobs = await dao.jobs.list({ states: OPEN_JOB_STATES, binary: name, binaryDigest: digest }, { limit });
  if (jobs.length === limit) return jobs;
  const found = new Map(jobs.map((job) => [job.id, job]));
  // The stores have no index of class paths; jobs that are not final are few beside the others.
  for (let before: string | undefined; ; ) {
    const page = await dao.jobs.list({ states: OPEN_JOB_STATES }, { limit: PAGE, before });
    for (const job of page) if (hasOnClassPath(job, { name, digest })) found.set(job.id, job);
    before = page.at(-1)?.id;
    if (page.length < PAGE || found.size >= limit) return [...found.values()].slice(0, limit);
  }
}

function hasOnClassPath(
  { classPath }: Job,
  { name, digest }: { readonly name: string; readonly digest: string | undefined },
): boolean {
  if (digest !== undefined) return classPath.includes(`${name}@${digest}`);
  return classPath.some((reference) => reference.startsWith(`${name}@`));
}
