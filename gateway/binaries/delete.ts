import type { Dao } from "../../plugins/contract/mod.ts";
import { binaryInUse, binaryNotFound } from "../../proto/errors.ts";
import { type Binary, type Job, OPEN_JOB_STATES, Runtime } from "../../proto/mod.ts";
import type { Authorization } from "../access/mod.ts";
import { openJobsWithClassPath } from "./class_paths.ts";
import { findBinary } from "./find.ts";
import { parseBinaryName } from "./name.ts";

/** Jobs that are read for the error, which names those that the caller may see. */
const NAMED_JOBS = 20;

/**
 * Deletes all versions of a name, or one version. Rejects while an open job uses it. The sweep deletes the content once nothing else refers
 * to it.
 */
export async function deleteBinary(
  deps: { readonly dao: Dao },
  reference: string,
  authorization: Pick<Authorization, "covers">,
): Promise<void> {
  const { name, selector } = parseBinaryName(reference);
  const binary = await findBinary(deps, reference);
  const one = "newest" in selector ? undefined : binary;
  const jobs = await deps.dao.jobs.list(
    { states: OPEN_JOB_STATES, binary: name, binaryDigest: one?.digest },
    { limit: NAMED_JOBS },
  );
  const users = binary.runtime === Runtime.SPARK ? [...jobs, ...(await usersOfJar(deps, { name, one }))] : jobs;
  if (users.length > 0)
    throw binaryInUse(
      reference,
      users.filter((job) => authorization.covers(job)).map(({ id }) => id),
    );
  const deleted = await deps.dao.binaries.delete(name, one?.version);
  if (deleted.length === 0) throw binaryNotFound(reference);
}

/** Some of the open jobs with the jar, or that version of it, on their class path. */
async function usersOfJar(
  deps: { readonly dao: Dao },
  { name, one }: { readonly name: string; readonly one: Binary | undefined },
): Promise<Job[]> {
  const reference = `${name}@${one?.digest ?? ""}`;
  const users: Job[] = [];
  for await (const job of openJobsWithClassPath(deps)) {
    if (job.classPath.some((each) => each.startsWith(reference))) users.push(job);
    if (users.length === NAMED_JOBS) break;
  }
  return users;
}
