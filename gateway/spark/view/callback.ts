import { type Job, Job_State } from "../../../proto/mod.ts";
import { jobError } from "./job_error.ts";

/**
 * Prints the body of a callback as spark-jobserver sends it: `{"jobId","result"}`, or `{"jobId","status":"ERROR","result":{…}}`. The result
 * is the JSON that is stored with the job; a large one is reported as a stream, as in spark-jobserver.
 */
export function printCallback(job: Job, result: string | undefined): string {
  const { id: jobId } = job;
  if (job.state !== Job_State.SUCCEEDED) return JSON.stringify({ jobId, status: "ERROR", result: jobError(job) });
  const told = result ?? (job.result?.digest ? '"<Stream result>"' : "null");
  return `{"jobId":${JSON.stringify(jobId)},"result":${told}}`;
}
