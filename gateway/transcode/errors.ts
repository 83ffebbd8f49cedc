import type { JsonWriteOptions } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";

/** The HTTP status of each code. */
export const HTTP_STATUS: Readonly<Record<Code, number>> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

export function invalidArgument(message: string, cause?: unknown): ConnectError {
  return new ConnectError(message, Code.InvalidArgument, undefined, undefined, cause);
}

export function clientLeft(): ConnectError {
  return new ConnectError("The client closed the connection", Code.Canceled);
}

export function deadlineExceeded(timeoutMs: number): ConnectError {
  return new ConnectError(`The call took longer than its ${timeoutMs} ms`, Code.DeadlineExceeded);
}

export function bodyTooLarge(limitBytes: number): ConnectError {
  return new ConnectError(
    `Cannot read the request body: it has more than ${limitBytes} bytes, the most that this method takes`,
    Code.ResourceExhausted,
  );
}

export function tooManyValues(count: number, limit: number): ConnectError {
  return invalidArgument(
    `Cannot read the request body: its JSON has ${count} values and names; at most ${limit} are taken`,
  );
}

/** What a caller is told of an error that is none of its business. */
export function masked(cause: unknown): ConnectError {
  return new ConnectError("internal error", Code.Internal, undefined, undefined, cause);
}

/**
 * Calls a decoder. What it throws is the fault of what it was given: an InvalidArgument that begins with `subject`, and says why in the
 * words of `explain` where that has some, else in the decoder's.
 */
export function decoding<T>(subject: string, decode: () => T, explain?: () => string | undefined): T {
  try {
    return decode();
  } catch (cause) {
    const why = explain?.() ?? (cause instanceof Error ? cause.message : String(cause));
    throw invalidArgument(`${subject}: ${why}`, cause);
  }
}

/** Connect's JSON error, `{"code": "not_found", "message": …, "details": […]}`. */
export function printError(error: ConnectError, options: Partial<JsonWriteOptions> | undefined): string {
  return JSON.stringify(errorToJson(error, options));
}
