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

/** An error with a more specific HTTP status than its code has. */
export class HttpError extends ConnectError {
  readonly status: number;

  constructor(
    message: string,
    { status, code, headers }: { status: number; code: Code; headers?: Record<string, string> },
  ) {
    super(message, code, headers);
    this.status = status;
  }

  /** The check of ConnectError itself accepts every ConnectError as an instance of a subclass. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof ConnectError && "status" in value;
  }
}

export function bodyTooLarge(limitBytes: number): HttpError {
  return new HttpError(`Cannot read the request body: it has more than ${limitBytes} bytes, the limit of this method`, {
    status: 413,
    code: Code.ResourceExhausted,
  });
}

/** `taken` is the Accept-Encoding header of the response (RFC 9110, section 12.5.3). */
export function encodingRefused(encoding: string, taken: string): HttpError {
  return new HttpError(`Cannot read the request body: its content-encoding is "${encoding}"; send one of ${taken}`, {
    status: 415,
    code: Code.InvalidArgument,
    headers: { "accept-encoding": taken },
  });
}

/** `types` are the types that the method can respond with. */
export function notAcceptable(accept: string, types: readonly string[]): HttpError {
  return new HttpError(`Cannot respond as "${accept}": this method responds with ${types.join(" or ")}`, {
    status: 406,
    code: Code.InvalidArgument,
  });
}

export function bodyUndecodable(encoding: string, cause: Error): ConnectError {
  return invalidArgument(`Cannot read the request body: it is not ${encoding}: ${cause.message}`, cause);
}

export function tooManyValues(count: number, limit: number): ConnectError {
  return invalidArgument(
    `Cannot read the request body: its JSON has ${count} values and names; at most ${limit} are taken`,
  );
}

/** The error that a client sees instead of an internal one. */
export function masked(cause: unknown): ConnectError {
  return new ConnectError("internal error", Code.Internal, undefined, undefined, cause);
}

/**
 * Calls a decoder and converts its errors to InvalidArgument: the message begins with `subject`, followed by the result of `explain`, or
 * else by the decoder's message.
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
