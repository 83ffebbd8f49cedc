import { type JobError, JobError_Reason } from "../../../proto/node.ts";
import type { DriverMessage } from "../protocol/driver_protocol.ts";

export function thrownError({ reason, error }: Extract<DriverMessage, { type: "failed" }>): JobError {
  return { ...error, reason: JobError_Reason[reason], problems: [] };
}

export function notForSpark(): JobError {
  return plainError(
    JobError_Reason.LOAD_FAILED,
    "A Spark context runs jars and SQL, but this is TypeScript or JavaScript; run it in a context of the runtime DENO",
  );
}

/** The context has loaded other classes under the names of the job, and cannot be replaced for it. */
export function classesTaken(message: string, advice: string): JobError {
  return plainError(JobError_Reason.LOAD_FAILED, `${message}; ${advice}`);
}

export function resultRefused(error: unknown): JobError {
  return plainError(JobError_Reason.RESULT_TOO_LARGE, error instanceof Error ? error.message : String(error));
}

export function commandTooLarge(error: RangeError): JobError {
  return plainError(JobError_Reason.LOAD_FAILED, `Cannot hand the job to Spark: ${error.message}`);
}

function plainError(reason: JobError_Reason, message: string): JobError {
  return { reason, name: "", message, stack: "", problems: [] };
}
