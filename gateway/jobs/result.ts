import { jobNotFound, resultLost, resultNotReady } from "../../proto/errors.ts";
import { Job_State } from "../../proto/mod.ts";
import type { Core } from "../core.ts";

/** What a job returned, as JSON in chunks; empty when it returned undefined. */
export async function openResult(
  { dao, blobs, jobs }: Pick<Core, "dao" | "blobs" | "jobs">,
  jobId: string,
): Promise<ReadableStream<Uint8Array>> {
  const job = await jobs.get(jobId);
  if (job === undefined) throw jobNotFound(jobId);
  if (job.state !== Job_State.SUCCEEDED) throw resultNotReady(jobId, Job_State[job.state]);
  const digest = job.result?.digest ?? "";
  if (digest === "") return ReadableStream.from([(await dao.jobs.result(jobId)) ?? new Uint8Array()]);
  const content = await blobs.open(digest);
  if (content === undefined) throw resultLost(jobId);
  return content;
}
