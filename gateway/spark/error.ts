import { Code, ConnectError } from "@connectrpc/connect";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { errorInfo, recordUnreadable } from "../../proto/errors.ts";
import { type Answer, exception, failure, type ToldError, text } from "./http/answer.ts";

/** An API error of Hearth, by its parts. */
export interface Fault {
  /** As in the catalogue of errors; empty when it has none. */
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly code: Code;
  /** That belong to it, such as WWW-Authenticate. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The parts of an API error; undefined for any other error, which is a bug. */
export function parseFault(thrown: unknown): Fault | undefined {
  const error = isUnreadableRecord(thrown) ? recordUnreadable(thrown) : thrown;
  if (!(error instanceof ConnectError)) return undefined;
  const { reason = "", metadata = {} } = errorInfo(error) ?? {};
  return { reason, metadata, message: error.rawMessage, code: error.code, headers: Object.fromEntries(error.metadata) };
}

/** Who may not is told so in plain text, in the words of akka-http. */
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

/** Reasons of errors that end by themselves or by an operator's hand: of what the gateway needs, and misses. */
const MISSING = /^(?:STORAGE|BLOBS|NATS|AUTH)_UNAVAILABLE$/;

/** The answer to an API error for which a route has none of its own. */
export function answerFault(fault: Fault): Answer {
  const [refusedStatus, refusal] = REFUSALS[fault.reason] ?? [];
  if (refusedStatus !== undefined && refusal !== undefined) return text(refusedStatus, refusal, fault.headers);
  const status = STATUS[fault.code];
  if (status !== undefined) return failure(status, fault.message);
  return exception(MISSING.test(fault.reason) ? 503 : 500, "ERROR", toldFault(fault));
}

/** An API error as an exception object. */
export function toldFault({ reason, message, code }: Fault): ToldError {
  const errorClass = reason || Code[code];
  return { message, errorClass, stack: `${errorClass}: ${message}` };
}

/** The fault of a URI as a JVM throws it. */
export function malformedUrl({ metadata: { uri = "", why: message = "" } }: Fault): ToldError {
  const errorClass = "java.net.MalformedURLException";
  return { message, errorClass, stack: `${errorClass}: ${message}\n\tat ${uri}` };
}

/** The answer to a bug: what went wrong is in the log. */
export function answerBug(): Answer {
  const message = "internal error; the log of the gateway tells more";
  return exception(500, "ERROR", { message, errorClass: "InternalError", stack: `InternalError: ${message}` });
}
