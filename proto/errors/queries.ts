/** Errors about queries and class paths: what runs in Spark contexts only. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { JobError_Reason } from "../gen/es/hearth/v1/job_pb.js";
import { apiError } from "./error.ts";

export function parameterInvalid(name: string, kind: string): ConnectError {
  return apiError(
    `Cannot bind parameter "${name}" of the query: it is ${kind}; texts, numbers, booleans and nulls can be bound`,
    { code: Code.InvalidArgument, reason: "PARAMETER_INVALID", metadata: { parameter: name } },
  );
}

export function queryTooLarge(sizeBytes: number, limitBytes: number): ConnectError {
  return apiError(
    `Cannot run the query: its statement and parameters have ${sizeBytes} bytes; at most ${limitBytes} are taken`,
    {
      code: Code.InvalidArgument,
      reason: "QUERY_TOO_LARGE",
      metadata: { sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
    },
  );
}

/** For a TypeScript program. */
export function classPathNotTaken(binary: string): ConnectError {
  return apiError(
    `Cannot run binary "${binary}" with a class path: it is TypeScript; leave out class_path, and upload the binary with what it imports`,
    { code: Code.InvalidArgument, reason: "CLASS_PATH_NOT_TAKEN", metadata: { binary } },
  );
}

/** For a TypeScript library. */
export function libraryNotJar(binary: string): ConnectError {
  return apiError(`Cannot put binary "${binary}" on the class path: it is TypeScript; name binaries that are jars`, {
    code: Code.InvalidArgument,
    reason: "LIBRARY_NOT_JAR",
    metadata: { binary },
  });
}

/** Why a query has no result. */
interface QueryFailure {
  readonly jobId: string;
  readonly reason: JobError_Reason;
  /** Class of what was thrown. */
  readonly name: string;
  readonly message: string;
}

/** Codes of failures that are not about what the query says, or does. */
const FAILURE_CODES: Partial<Record<JobError_Reason, Code>> = {
  [JobError_Reason.DEADLINE_EXCEEDED]: Code.DeadlineExceeded,
  [JobError_Reason.OUT_OF_MEMORY]: Code.ResourceExhausted,
  [JobError_Reason.RESULT_TOO_LARGE]: Code.ResourceExhausted,
  [JobError_Reason.EXITED]: Code.Unavailable,
  [JobError_Reason.CONTEXT_LOST]: Code.Unavailable,
  [JobError_Reason.NODE_LOST]: Code.Unavailable,
  [JobError_Reason.CANCELLED]: Code.Aborted,
  [JobError_Reason.CANCELLED_BY_FORCE]: Code.Aborted,
  [JobError_Reason.PERMISSION_DENIED]: Code.PermissionDenied,
};

/** Errors of Spark for statements that are malformed or name unknown tables and columns. */
const STATEMENT_FAULTS = /(Parse|Analysis)Exception$/;

export function queryFailed({ jobId, reason, name, message }: QueryFailure): ConnectError {
  const thrown = STATEMENT_FAULTS.test(name) ? Code.InvalidArgument : Code.FailedPrecondition;
  const what = name === "" ? message : `${name}: ${message}`;
  return apiError(`Cannot answer the query of job "${jobId}": ${what}`, {
    code: FAILURE_CODES[reason] ?? thrown,
    reason: "QUERY_FAILED",
    metadata: { job: jobId, jobReason: JobError_Reason[reason], error: name },
  });
}

/** The caller left, or its deadline passed. */
export function queryAbandoned(jobId: string, cause: unknown): ConnectError {
  return apiError(
    `Cannot wait any longer for the query of job "${jobId}": the caller's deadline passed or the caller left; the job is cancelled`,
    { code: Code.DeadlineExceeded, reason: "QUERY_ABANDONED", metadata: { job: jobId }, cause },
  );
}
