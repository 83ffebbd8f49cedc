/**
 * The catalogue of API errors: every error that a call of Hearth can be answered with is made here.
 * Messages say `Cannot <verb> <thing> "<value>": <state>`, and where it helps what to do. An ErrorInfo detail of the domain
 * `hearth` carries the reason and values for programs.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { type ErrorInfo, ErrorInfoSchema } from "./gen/es/google/rpc/error_details_pb.js";

interface Reason {
  readonly code: Code;
  readonly reason: string;
  readonly metadata?: Record<string, string>;
  readonly cause?: unknown;
}

function apiError(message: string, { code, reason, metadata, cause }: Reason): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: "hearth", metadata: metadata ?? {} } };
  return new ConnectError(message, code, undefined, [info], cause);
}

/** Reason and metadata of an error that was made here; undefined for any other. */
export function errorInfo(error: ConnectError): ErrorInfo | undefined {
  return error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "hearth");
}

/**
 * An error in two words for logs: its code (`permission_denied`; `internal` for what was not made here) and its reason. The reason
 * for which credentials were refused, or could not be looked at, is the plugin's own, which the caller is not told.
 */
export function describeError(error: unknown): { readonly code: string; readonly reason: string } {
  if (!(error instanceof ConnectError)) return { code: "internal", reason: "" };
  const { cause, code } = error;
  const reason = errorInfo(error)?.reason ?? "";
  const isPlugins = code === Code.Unauthenticated || reason === "AUTH_UNAVAILABLE";
  return { code: codeToString(code), reason: isPlugins && cause instanceof Error ? cause.message : reason };
}

/** Whether an error says that credentials were shown, and are not good. */
export function isCredentialsRefused(error: unknown): boolean {
  return error instanceof ConnectError && errorInfo(error)?.reason === "CREDENTIALS_REFUSED";
}

export function binaryNotFound(name: string): ConnectError {
  return apiError(`Cannot find binary "${name}": no such name or version; upload it first`, {
    code: Code.NotFound,
    reason: "BINARY_NOT_FOUND",
    metadata: { binary: name },
  });
}

export function contextNotFound(context: string): ConnectError {
  return apiError(`Cannot find context "${context}": no context has this name or id`, {
    code: Code.NotFound,
    reason: "CONTEXT_NOT_FOUND",
    metadata: { context },
  });
}

export function jobNotFound(jobId: string): ConnectError {
  return apiError(`Cannot find job "${jobId}": no job has this id`, {
    code: Code.NotFound,
    reason: "JOB_NOT_FOUND",
    metadata: { job: jobId },
  });
}

export function fileNotFound(name: string): ConnectError {
  return apiError(`Cannot find file "${name}": no file has this name`, {
    code: Code.NotFound,
    reason: "FILE_NOT_FOUND",
    metadata: { file: name },
  });
}

export function objectNotFound(name: string, context: string): ConnectError {
  return apiError(`Cannot find object "${name}": context "${context}" has no object of this name`, {
    code: Code.NotFound,
    reason: "OBJECT_NOT_FOUND",
    metadata: { object: name, context },
  });
}

export function methodNotFound(path: string): ConnectError {
  return apiError(`Cannot route "${path}": no such path; the routes are listed under /openapi.json`, {
    code: Code.NotFound,
    reason: "ROUTE_NOT_FOUND",
  });
}

export function binarySelectorInvalid(name: string): ConnectError {
  return apiError(`Cannot read binary name "${name}": it must be NAME, NAME@VERSION or NAME@sha256:<64 hex digits>`, {
    code: Code.InvalidArgument,
    reason: "BINARY_NAME_INVALID",
    metadata: { binary: name },
  });
}

export function callbackUrlInvalid(url: string, why: string): ConnectError {
  return apiError(`Cannot call back "${url}": ${why}`, {
    code: Code.InvalidArgument,
    reason: "CALLBACK_URL_INVALID",
    metadata: { callbackUrl: url },
  });
}

/** Where the first fault of an upload is. */
interface UploadPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export function binaryNotBundled(name: string, message: string, place: UploadPlace, cause: unknown): ConnectError {
  const { file, line, column } = place;
  const known = Object.entries({ file, line, column }).filter(([, value]) => value !== undefined);
  const at = Object.fromEntries(known.map(([key, value]) => [key, String(value)]));
  return apiError(`Cannot bundle binary "${name}": ${message}`, {
    code: Code.InvalidArgument,
    reason: "BINARY_NOT_BUNDLED",
    metadata: { binary: name, ...at },
    cause,
  });
}

/** A program that a class path names by a URI. */
export function programNotLoaded(uri: string, why: string, cause?: unknown): ConnectError {
  return apiError(`Cannot load program "${uri}": ${why}`, {
    code: Code.FailedPrecondition,
    reason: "PROGRAM_NOT_LOADED",
    metadata: { uri },
    cause,
  });
}

export function programUriInvalid(uri: string, why: string): ConnectError {
  return apiError(`Cannot load program "${uri}": ${why}`, {
    code: Code.InvalidArgument,
    reason: "PROGRAM_URI_INVALID",
    metadata: { uri, why },
  });
}

export function bundlerBusy(name: string, cause: unknown): ConnectError {
  return apiError(`Cannot bundle binary "${name}": too many uploads wait already; try again`, {
    code: Code.ResourceExhausted,
    reason: "BUNDLER_BUSY",
    metadata: { binary: name },
    cause,
  });
}

export function binaryInUse(name: string, jobIds: readonly string[]): ConnectError {
  return apiError(`Cannot delete binary "${name}": it is in use by job(s) ${jobIds.join(", ")}`, {
    code: Code.FailedPrecondition,
    reason: "BINARY_IN_USE",
    metadata: { binary: name, jobs: jobIds.join(",") },
  });
}

export function entryPointNotFound(entryPoint: string, binary: string, entryPoints: readonly string[]): ConnectError {
  const named = entryPoint === "" ? "without entry point" : `entry point "${entryPoint}"`;
  return apiError(`Cannot run ${named} of binary "${binary}": it has ${listNames(entryPoints)}`, {
    code: Code.InvalidArgument,
    reason: "ENTRY_POINT_NOT_FOUND",
    metadata: { binary, entryPoint, entryPoints: entryPoints.join(",") },
  });
}

export function configTooLarge(sizeBytes: number, limitBytes: number): ConnectError {
  return apiError(`Cannot submit the job: its config has ${sizeBytes} bytes of JSON; at most ${limitBytes} are taken`, {
    code: Code.InvalidArgument,
    reason: "CONFIG_TOO_LARGE",
    metadata: { sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
  });
}

export function contextExists(name: string): ConnectError {
  return apiError(`Cannot create context "${name}": a context of this name is alive; stop it first`, {
    code: Code.AlreadyExists,
    reason: "CONTEXT_EXISTS",
    metadata: { context: name },
  });
}

export function contextNotRunning(name: string, state: string): ConnectError {
  return apiError(`Cannot use context "${name}": it is ${state}`, {
    code: Code.FailedPrecondition,
    reason: "CONTEXT_NOT_RUNNING",
    metadata: { context: name, state },
  });
}

/** Its node keeps it as it is. */
export function contextNotRestarted(name: string, why: string): ConnectError {
  return apiError(`Cannot restart context "${name}": ${why}`, {
    code: Code.FailedPrecondition,
    reason: "CONTEXT_NOT_RESTARTED",
    metadata: { context: name },
  });
}

export function contextNotStarted(name: string, why: string): ConnectError {
  return apiError(`Cannot start context "${name}": ${why}`, {
    code: Code.Unavailable,
    reason: "CONTEXT_NOT_STARTED",
    metadata: { context: name },
  });
}

export function noNode(why: string): ConnectError {
  return apiError(`Cannot place the context: ${why}`, { code: Code.Unavailable, reason: "NO_NODE" });
}

export function noRoom(why: string): ConnectError {
  return apiError(`Cannot place the context: ${why}`, { code: Code.ResourceExhausted, reason: "NO_ROOM" });
}

export function nodeUnreachable(nodeId: string, context: string): ConnectError {
  return apiError(
    `Cannot reach context "${context}": this gateway has no session with its node "${nodeId}"; try again`,
    {
      code: Code.Unavailable,
      reason: "NODE_UNREACHABLE",
      metadata: { node: nodeId, context },
    },
  );
}

export function sessionEnded(address: string, cause: unknown): ConnectError {
  return apiError(`Cannot hear of the node at "${address}": the session with it ended; look again, then try again`, {
    code: Code.Unavailable,
    reason: "SESSION_ENDED",
    metadata: { address },
    cause,
  });
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

export function pageTokenInvalid(token: string): ConnectError {
  return apiError(`Cannot read page token "${token}": it is not one that a list answered`, {
    code: Code.InvalidArgument,
    reason: "PAGE_TOKEN_INVALID",
  });
}

export function requestInvalid(violations: string): ConnectError {
  return apiError(`Cannot accept the request: ${violations}`, {
    code: Code.InvalidArgument,
    reason: "REQUEST_INVALID",
  });
}

export function natsUnavailable(cause: unknown): ConnectError {
  return apiError("Cannot read the events: NATS is not reachable; try again", {
    code: Code.Unavailable,
    reason: "NATS_UNAVAILABLE",
    cause,
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

function listNames(names: readonly string[]): string {
  if (names.length === 0) return "no entry points";
  return `${names.length === 1 ? "the entry point" : "the entry points"} ${names.join(", ")}`;
}

/** Answered with the challenges of all ways to prove who one is (WWW-Authenticate, RFC 9110). */
export function credentialsMissing(challenges: readonly string[]): ConnectError {
  const error = apiError("Cannot authenticate the caller: it shows no credentials that are known here", {
    code: Code.Unauthenticated,
    reason: "CREDENTIALS_MISSING",
  });
  return withHeaders(error, "www-authenticate", challenges);
}

/** The caller is not told why. */
export function credentialsRefused(challenges: readonly string[], cause: unknown): ConnectError {
  const error = apiError("Cannot authenticate the caller: its credentials are not valid", {
    code: Code.Unauthenticated,
    reason: "CREDENTIALS_REFUSED",
    cause,
  });
  return withHeaders(error, "www-authenticate", challenges);
}

export function authUnavailable(plugin: string, cause: unknown): ConnectError {
  return apiError(`Cannot authenticate the caller: auth plugin "${plugin}" cannot tell now; try again`, {
    code: Code.Unavailable,
    reason: "AUTH_UNAVAILABLE",
    metadata: { plugin },
    cause,
  });
}

export function storageUnavailable(plugin: string, cause: unknown): ConnectError {
  return apiError(`Cannot read or write the record: DAO plugin "${plugin}" does not answer now; try again`, {
    code: Code.Unavailable,
    reason: "STORAGE_UNAVAILABLE",
    metadata: { plugin },
    cause,
  });
}

export function blobsUnavailable(plugin: string, cause: unknown): ConnectError {
  return apiError(`Cannot read or write contents: blob plugin "${plugin}" does not answer now; try again`, {
    code: Code.Unavailable,
    reason: "BLOBS_UNAVAILABLE",
    metadata: { plugin },
    cause,
  });
}

/** `origin` is what the browser tells of the page. */
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

/** `touched` is empty when the principal has the permission for nothing at all. */
export function permissionDenied(
  permission: string,
  principal: string,
  touched: { readonly context?: string | undefined; readonly binary?: string | undefined },
): ConnectError {
  const { context, binary } = touched;
  const of = [
    context === undefined ? [] : [context === "" ? "a context of its own" : `context "${context}"`],
    binary === undefined ? [] : [`binary "${binary}"`],
  ].flat();
  const wanted = of.length === 0 ? "it" : `it for ${of.join(" and ")}`;
  return apiError(`Cannot use permission "${permission}" as "${principal}": no role allows ${wanted}`, {
    code: Code.PermissionDenied,
    reason: "PERMISSION_DENIED",
    metadata: { permission, principal },
  });
}

/** Answered with the whole seconds after which to try again (Retry-After). */
export function rateLimited(principal: string, waitMs: number): ConnectError {
  const seconds = String(Math.ceil(waitMs / 1000));
  const error = apiError(`Cannot take more calls of "${principal}" now: try again in ${seconds} s`, {
    code: Code.ResourceExhausted,
    reason: "RATE_LIMITED",
    metadata: { principal, retryAfterSeconds: seconds },
  });
  return withHeaders(error, "retry-after", [seconds]);
}

/** Answered with the whole seconds after which to try again (Retry-After). `network` is what failed logins are counted by. */
export function loginsLimited(network: string, waitMs: number): ConnectError {
  const seconds = String(Math.ceil(waitMs / 1000));
  const error = apiError(
    `Cannot authenticate the caller: "${network}" showed wrong credentials too often; try again in ${seconds} s`,
    {
      code: Code.ResourceExhausted,
      reason: "LOGINS_LIMITED",
      metadata: { network, retryAfterSeconds: seconds },
    },
  );
  return withHeaders(error, "retry-after", [seconds]);
}

export function auditBehind(): ConnectError {
  return apiError("Cannot take the call: it could not be written to the audit log, which is behind; try again", {
    code: Code.Unavailable,
    reason: "AUDIT_BEHIND",
  });
}

function withHeaders(error: ConnectError, name: string, values: readonly string[]): ConnectError {
  for (const value of values) error.metadata.append(name, value);
  return error;
}
