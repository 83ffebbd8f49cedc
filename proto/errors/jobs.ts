/** Errors about jobs and their results. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { withoutCredentials } from "../url_credentials.ts";
import { apiError } from "./error.ts";

export function jobNotFound(jobId: string): ConnectError {
  return apiError(`Cannot find job "${jobId}": no job has this id`, {
    code: Code.NotFound,
    reason: "JOB_NOT_FOUND",
    metadata: { job: jobId },
  });
}

export function callbackUrlInvalid(text: string, why: string): ConnectError {
  const url = withoutCredentials(text);
  return apiError(`Cannot call back "${url}": ${why}`, {
    code: Code.InvalidArgument,
    reason: "CALLBACK_URL_INVALID",
    metadata: { callbackUrl: url },
  });
}

export function configTooLarge(sizeBytes: number, limitBytes: number): ConnectError {
  return apiError(`Cannot submit the job: its config has ${sizeBytes} bytes of JSON; at most ${limitBytes} are taken`, {
    code: Code.InvalidArgument,
    reason: "CONFIG_TOO_LARGE",
    metadata: { sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
  });
}

export function configNotSent(jobId: string, sizeBytes: number, limitBytes: number): ConnectError {
  const where = `/v1/jobs/${jobId}/config`;
  return apiError(
    `Cannot send the config of job "${jobId}" by gRPC: it has ${sizeBytes} bytes as a message, clients take ${limitBytes}; read it over REST: GET ${where}`,
    {
      code: Code.FailedPrecondition,
      reason: "CONFIG_NOT_SENT",
      metadata: { job: jobId, sizeBytes: String(sizeBytes), limitBytes: String(limitBytes), path: where },
    },
  );
}

export function queueFull(context: string, message: string, { slots }: { readonly slots: number }): ConnectError {
  return apiError(`Cannot submit to context "${context}": ${message}`, {
    code: Code.ResourceExhausted,
    reason: "QUEUE_FULL",
    metadata: { context, slots: String(slots) },
  });
}

export function requestIdReused(requestId: string, jobId: string): ConnectError {
  return apiError(
    `Cannot submit under request id "${requestId}": job "${jobId}" was submitted under it with another request`,
    {
      code: Code.AlreadyExists,
      reason: "REQUEST_ID_REUSED",
      metadata: { requestId, job: jobId },
    },
  );
}

export function resultNotReady(jobId: string, state: string): ConnectError {
  return apiError(`Cannot answer the result of job "${jobId}": it is ${state}, not SUCCEEDED`, {
    code: Code.FailedPrecondition,
    reason: "RESULT_NOT_READY",
    metadata: { job: jobId, state },
  });
}

/** The job, or the way to its node, ended before the result did. */
export function resultBrokenOff(jobId: string, cause: unknown): ConnectError {
  return apiError(`Cannot go on with the result of job "${jobId}": it broke off before it was whole`, {
    code: Code.Aborted,
    reason: "RESULT_BROKEN_OFF",
    metadata: { job: jobId },
    cause,
  });
}

export function resultLost(jobId: string): ConnectError {
  return apiError(`Cannot answer the result of job "${jobId}": it is not kept any more`, {
    code: Code.NotFound,
    reason: "RESULT_LOST",
    metadata: { job: jobId },
  });
}

/** The binary and the context of a job; without a name, the context is created for it. */
interface Place {
  /** Undefined for a query. */
  readonly binary: string | undefined;
  readonly context: string;
}

const PROGRAMS: Readonly<Record<string, string>> = { DENO: "a program in TypeScript or JavaScript", SPARK: "a jar" };

/** Runtimes by their names in the API. */
export function runtimeMismatch({ binary, context }: Place, needed: string, given: string): ConnectError {
  const what = binary === undefined ? "the query" : `binary "${binary}"`;
  const is = binary === undefined ? "it" : `it is ${PROGRAMS[needed] ?? "a program"}, which`;
  const where = context === "" ? "a context of its own" : `context "${context}"`;
  return apiError(
    `Cannot run ${what} in ${where}: ${is} needs the runtime ${needed}, and the context has ${given}; name a context that was created with runtime ${needed} (spark-jobserver's API: by context-factory, or gateway.contexts.defaultRuntime)`,
    {
      code: Code.FailedPrecondition,
      reason: "RUNTIME_MISMATCH",
      metadata: { binary: binary ?? "", context, needed, given },
    },
  );
}

/** A jar that no job of the context's Spark could use. */
export function jarUnfit({ binary = "", context }: Place, why: string): ConnectError {
  return apiError(`Cannot run jar "${binary}" in context "${context}": ${why}`, {
    code: Code.FailedPrecondition,
    reason: "JAR_UNFIT",
    metadata: { binary, context },
  });
}
