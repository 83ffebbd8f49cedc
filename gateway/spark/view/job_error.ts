import { type Job, Job_State, type JobError, JobError_Reason } from "../../../proto/mod.ts";
import type { ExceptionObject } from "../http/answer.ts";

/** Classes of errors without a name of their own. Clients of spark-jobserver recognize some. */
const CLASSES = {
  [JobError_Reason.REASON_UNSPECIFIED]: "Error",
  [JobError_Reason.THROWN]: "Error",
  [JobError_Reason.INVALID_CONFIG]: "java.lang.Throwable",
  [JobError_Reason.DEADLINE_EXCEEDED]: "TimeoutError",
  [JobError_Reason.OUT_OF_MEMORY]: "OutOfMemoryError",
  [JobError_Reason.EXITED]: "JobExitedError",
  [JobError_Reason.CONTEXT_LOST]: "ContextTerminatedException",
  [JobError_Reason.NODE_LOST]: "ContextTerminatedException",
  [JobError_Reason.CANCELLED]: "JobKilledException",
  [JobError_Reason.CANCELLED_BY_FORCE]: "JobKilledException",
  [JobError_Reason.LOAD_FAILED]: "JobLoadingException",
  [JobError_Reason.RESULT_TOO_LARGE]: "ResultTooLargeError",
  [JobError_Reason.PERMISSION_DENIED]: "PermissionDeniedError",
  [JobError_Reason.SECRET_UNAVAILABLE]: "SecretUnavailableError",
  [JobError_Reason.SANDBOX_VIOLATION]: "SandboxViolationError",
} as const satisfies Record<JobError_Reason, string>;

/** The error of a job as reports show it. Undefined for a job without an error. */
export function jobError({ id, state, error }: Job): ExceptionObject | undefined {
  if (error === undefined) return undefined;
  const isThrown = error.name !== "" && error.name !== JobError_Reason[error.reason];
  const errorClass = isThrown ? error.name : CLASSES[error.reason];
  if (state === Job_State.CANCELLED) {
    return { message: killed(id), errorClass, stack: `${errorClass}: ${error.message}` };
  }
  const message = error.problems.length > 0 ? joinProblems(error) : error.message;
  return { message, errorClass, stack: error.stack || `${errorClass}: ${message}` };
}

export function killed(jobId: string): string {
  return `Job ${jobId} killed`;
}

/** `One(SparkJobInvalid(a))`, `Many(SparkJobInvalid(a), SparkJobInvalid(b))`, as Scala prints them. */
function joinProblems({ problems }: JobError): string {
  return `${problems.length === 1 ? "One" : "Many"}(${problems.map(printProblem).join(", ")})`;
}

/** Leaves a problem that states its kind, such as `SingleProblem(No input)`, unchanged. */
function printProblem(problem: string): string {
  return /^[A-Z]\w*\(.*\)$/s.test(problem) ? problem : `SparkJobInvalid(${problem})`;
}
