import { Code, ConnectError } from "@connectrpc/connect";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { errorInfo, recordUnreadable } from "../../proto/errors.ts";
import { type Answer, type ExceptionObject, exception, failure, text } from "./http/answer.ts";

/** The parts of an API error. */
export interface ApiError {
  /** Reason of the error catalogue. Empty when the error has none. */
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly code: Code;
  /** Response headers of the error, such as WWW-Authenticate. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns the parts of an API error. Undefined for any other error, which is a bug. */
export function parseApiError(thrown: unknown): ApiError | undefined {
  const error = isUnreadableRecord(thrown) ? recordUnreadable(thrown) : thrown;
  if (!(error instanceof ConnectError)) return undefined;
  const { reason = "", metadata = {} } = errorInfo(error) ?? {};
  return { reason, metadata, message: error.rawMessage, code: error.code, headers: Object.fromEntries(error.metadata) };
}

/** Responses of akka-http to callers that are not authenticated or authorized, as plain text. */
const REFUSALS: Readonly<Record<string, readonly [status: number, text: string]>> = {
  CREDENTIALS_MISSING: [401, "The resource requires authentication, which was not supplied with the request"],
  CREDENTIALS_REFUSED: [401, "The supplied authentication is invalid"],
  PERMISSION_DENIED: [403, "The supplied authentication is not authorized to access this resource"],
  RATE_LIMITED: [429, "Too many requests"],
  LOGINS_LIMITED: [429, "Too many requests"],
};

const STATUS: Partial<Record<Code, number>> = {
  [Code.InvalidArgument]: 400,
  [Code.FailedPrecondition]: 400,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.Unauthenticated]: 401,
};

/** Reasons of errors for what the gateway needs and lacks. They pass by themselves or need an operator. */
const MISSING = /^(?:STORAGE|BLOBS|NATS|AUTH)_UNAVAILABLE$/;

/** Default response to an API error. */
export function answerApiError(error: ApiError): Answer {
  const [refusedStatus, refusal] = REFUSALS[error.reason] ?? [];
  if (refusedStatus !== undefined && refusal !== undefined) return text(refusedStatus, refusal, error.headers);
  const status = STATUS[error.code];
  if (status !== undefined) return failure(status, error.message);
  return exception(MISSING.test(error.reason) ? 503 : 500, "ERROR", exceptionOf(error));
}

/** An API error as an exception object. */
export function exceptionOf({ reason, message, code }: ApiError): ExceptionObject {
  const errorClass = reason || Code[code];
  return { message, errorClass, stack: `${errorClass}: ${message}` };
}

/** The error of a URI as the JVM throws it. */
export function malformedUrl({ metadata: { uri = "", why: message = "" } }: ApiError): ExceptionObject {
  const errorClass = "java.net.MalformedURLException";
  return { message, errorClass, stack: `${errorClass}: ${message}\n\tat ${uri}` };
}

/** Response to a bug. The log has the cause. */
export function answerBug(): Answer {
  const message = "internal error; see the log of the gateway";
  return exception(500, "ERROR", { message, errorClass: "InternalError", stack: `InternalError: ${message}` });
}
