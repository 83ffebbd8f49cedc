import { type Job, JobError_Reason } from "../../../proto/mod.ts";
import { type Answer, exception, failure } from "../http/answer.ts";
import { jobError } from "./job_error.ts";

/** Message for a job of another kind than its context. */
export const WRONG_TYPE = "Invalid job type for this context";

/**
 * Response to a job whose program could not be loaded. A main class that does not exist or is not a job for its context has a response of
 * its own. Undefined for other failures. The texts are those of the driver (`context-node/spark`).
 */
export function answerLoadFailure(job: Job): Answer | undefined {
  const { id: jobId, entryPoint, error } = job;
  const result = jobError(job);
  if (result === undefined || !LOAD_FAILURES.includes(error?.reason)) return undefined;
  if (result.message.startsWith(`Class ${entryPoint} not found`)) {
    return failure(404, `classPath ${entryPoint} not found`, { jobId });
  }
  if (result.message.startsWith(WRONG_TYPE)) return failure(400, WRONG_TYPE, { jobId, reason: result.message });
  return exception(400, "JOB LOADING FAILED", result, { jobId });
}

const LOAD_FAILURES: readonly (JobError_Reason | undefined)[] = [
  JobError_Reason.LOAD_FAILED,
  JobError_Reason.PERMISSION_DENIED,
];
