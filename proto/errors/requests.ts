/** Errors about a request itself, independent of its method. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { MAX_NESTING } from "../nesting.ts";
import { apiError } from "./error.ts";

export function fileNotFound(name: string): ConnectError {
  return apiError(`Cannot find file "${name}": no file has this name`, {
    code: Code.NotFound,
    reason: "FILE_NOT_FOUND",
    metadata: { file: name },
  });
}

export function methodNotFound(path: string): ConnectError {
  return apiError(`Cannot route "${path}": no such path; the routes are listed under /openapi.json`, {
    code: Code.NotFound,
    reason: "ROUTE_NOT_FOUND",
  });
}

/** The code that gRPC and Connect have for services and methods that a server does not know. */
export function rpcNotFound(path: string): ConnectError {
  return apiError(`Cannot route "${path}": no such method; the services are listed by server reflection`, {
    code: Code.Unimplemented,
    reason: "ROUTE_NOT_FOUND",
  });
}

/** A call of Connect, gRPC or gRPC-Web whose body is of no type that these have. */
export function contentTypeRefused(method: string, contentType: string | undefined, wanted: string): ConnectError {
  const given = contentType === undefined ? "none" : `"${contentType}"`;
  return apiError(`Cannot call "${method}": its content-type is ${given}; send "${wanted}"`, {
    code: Code.InvalidArgument,
    reason: "CONTENT_TYPE_REFUSED",
    metadata: { method, contentType: wanted },
  });
}

export function httpMethodRefused(method: string, httpMethod: string, allowed: readonly string[]): ConnectError {
  return apiError(`Cannot call "${method}" by ${httpMethod}: send ${allowed.join(" or ")}`, {
    code: Code.Unimplemented,
    reason: "HTTP_METHOD_REFUSED",
    metadata: { method, allowed: allowed.join(",") },
  });
}

export function pageTokenInvalid(token: string): ConnectError {
  return apiError(`Cannot read page token "${token}": it is not one that a list answered`, {
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
}

export function nestedTooDeep(thing: "config" | "settings"): ConnectError {
  return apiError(
    `Cannot take the ${thing}: its JSON nests deeper than ${MAX_NESTING} levels; put what is deeper into a text`,
    { code: Code.InvalidArgument, reason: "NESTED_TOO_DEEP", metadata: { levels: String(MAX_NESTING) } },
  );
}

export function requestInvalid(violations: string): ConnectError {
  return apiError(`Cannot accept the request: ${violations}`, {
    code: Code.InvalidArgument,
    reason: "REQUEST_INVALID",
  });
}

/** A stored record is damaged, or of another program. The message names it. */
export function recordUnreadable(cause: Error): ConnectError {
  return apiError(cause.message, { code: Code.DataLoss, reason: "RECORD_UNREADABLE", cause });
}

export function gatewayStarting(): ConnectError {
  return apiError("Cannot serve yet: this gateway is starting; try again, or use another one", {
    code: Code.Unavailable,
    reason: "GATEWAY_STARTING",
  });
}

export function gatewayDraining(): ConnectError {
  return apiError("Cannot go on: this gateway is draining; use another one", {
    code: Code.Unavailable,
    reason: "GATEWAY_DRAINING",
  });
}

export function waitEnded(cause: unknown): ConnectError {
  return apiError("Cannot wait any longer: the caller's deadline passed or the caller left; the job runs on", {
    code: Code.DeadlineExceeded,
    reason: "WAIT_ENDED",
    cause,
  });
}

/** `origin` is what the browser sends for the page. */
export function originRefused(origin: string): ConnectError {
  return apiError(`Cannot serve pages of "${origin}": gateway.allowedOrigins does not have it`, {
    code: Code.PermissionDenied,
    reason: "ORIGIN_REFUSED",
    metadata: { origin },
  });
}

export function hostRefused(host: string): ConnectError {
  return apiError(`Cannot serve as "${host}": this gateway is called by a name or address of loopback`, {
    code: Code.PermissionDenied,
    reason: "HOST_REFUSED",
    metadata: { host },
  });
}

export function hostInvalid(): ConnectError {
  return apiError("Cannot route the request: it names no host, or one that is none; send a header Host", {
    code: Code.InvalidArgument,
    reason: "HOST_INVALID",
  });
}

/** `target` is what follows the method in the request line, or the `:path` of HTTP/2. */
export function targetInvalid(target: string): ConnectError {
  return apiError(`Cannot route "${target}": a request names a path that begins with "/", or a whole URL`, {
    code: Code.InvalidArgument,
    reason: "TARGET_INVALID",
  });
}

/** A part of a content, which nothing here takes (RFC 9110, section 14.4). */
export function partRefused(): ConnectError {
  return apiError("Cannot store a part of a content: send all of it, without header Content-Range", {
    code: Code.InvalidArgument,
    reason: "CONTENT_RANGE_REFUSED",
  });
}

export function serviceNotServed(service: string): ConnectError {
  return apiError(`Cannot check service "${service}": it is not served here`, {
    code: Code.NotFound,
    reason: "SERVICE_NOT_SERVED",
    metadata: { service },
  });
}

export function watchesLimited(limit: number): ConnectError {
  return apiError(`Cannot watch the health: ${limit} watches are open; call Check instead`, {
    code: Code.ResourceExhausted,
    reason: "WATCHES_LIMITED",
  });
}

/** A header that is allowed once was repeated. */
export function headerRepeated(name: string): ConnectError {
  return apiError(`Cannot read the request: it has header "${name}" more than once`, {
    code: Code.InvalidArgument,
    reason: "HEADER_REPEATED",
    metadata: { header: name },
  });
}

export function hostAmbiguous(): ConnectError {
  return apiError("Cannot route the request: its header Host differs from the host that its target names", {
    code: Code.InvalidArgument,
    reason: "HOST_AMBIGUOUS",
  });
}

/** `count`: values and names of members; more than that where it was not counted to the end. */
export function tooManyValues(count: number, limit: number): ConnectError {
  return apiError(`Cannot read the request: it has ${count} values and names or more; at most ${limit} are taken`, {
    code: Code.InvalidArgument,
    reason: "TOO_MANY_VALUES",
    metadata: { count: String(count), limit: String(limit) },
  });
}

export function jsonTooLarge(sizeBytes: number, limitBytes: number): ConnectError {
  return apiError(
    `Cannot read the request: its JSON has ${sizeBytes} bytes; by RPC at most ${limitBytes} are taken; send application/proto, or use REST`,
    {
      code: Code.ResourceExhausted,
      reason: "JSON_TOO_LARGE",
      metadata: { sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
    },
  );
}
