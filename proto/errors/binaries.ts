/** Errors about binaries and what is uploaded. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { apiError } from "./error.ts";

export function binaryNotFound(name: string): ConnectError {
  return apiError(`Cannot find binary "${name}": no such name or version; upload it first`, {
    code: Code.NotFound,
    reason: "BINARY_NOT_FOUND",
    metadata: { binary: name },
  });
}

export function binarySelectorInvalid(name: string): ConnectError {
  return apiError(`Cannot read binary name "${name}": it must be NAME, NAME@VERSION or NAME@sha256:<64 hex digits>`, {
    code: Code.InvalidArgument,
    reason: "BINARY_NAME_INVALID",
    metadata: { binary: name },
  });
}

/** Position of the first problem of an upload. */
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

export function jarNotRead(name: string, why: string, cause: unknown): ConnectError {
  return apiError(`Cannot read jar "${name}": ${why}`, {
    code: Code.InvalidArgument,
    reason: "JAR_NOT_READ",
    metadata: { binary: name },
    cause,
  });
}

export function entryPointsTooLarge(name: string, sizeBytes: number, limitBytes: number): ConnectError {
  return apiError(
    `Cannot take binary "${name}": the names of its entry points have ${sizeBytes} bytes; at most ${limitBytes} are taken`,
    {
      code: Code.InvalidArgument,
      reason: "ENTRY_POINTS_TOO_LARGE",
      metadata: { binary: name, sizeBytes: String(sizeBytes), limitBytes: String(limitBytes) },
    },
  );
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

/** Most ids of jobs in the metadata of an error. */
const MOST_IDS = 12;

export function binaryInUse(name: string, jobIds: readonly string[]): ConnectError {
  const jobs = jobIds.length === 0 ? "jobs of other callers" : `job(s) ${jobIds.join(", ")}`;
  return apiError(`Cannot delete binary "${name}": it is in use by ${jobs}`, {
    code: Code.FailedPrecondition,
    reason: "BINARY_IN_USE",
    metadata: { binary: name, jobs: jobIds.slice(0, MOST_IDS).join(",") },
  });
}

/** Names of entry points in an error: headers of gRPC carry it. */
const MOST_NAMES = 20;
const MOST_NAME_CHARACTERS = 100;

export function entryPointNotFound(entryPoint: string, binary: string, entryPoints: readonly string[]): ConnectError {
  const named = entryPoint === "" ? "without entry point" : `entry point "${entryPoint}"`;
  const shown = entryPoints.slice(0, MOST_NAMES).map((name) => name.slice(0, MOST_NAME_CHARACTERS));
  return apiError(`Cannot run ${named} of binary "${binary}": it has ${listNames(shown, entryPoints.length)}`, {
    code: Code.InvalidArgument,
    reason: "ENTRY_POINT_NOT_FOUND",
    metadata: { binary, entryPoint, entryPoints: shown.join(",") },
  });
}

function listNames(names: readonly string[], count: number): string {
  if (names.length === 0) return "no entry points";
  const more = count > names.length ? ` and ${count - names.length} more` : "";
  return `${count === 1 ? "the entry point" : "the entry points"} ${names.join(", ")}${more}`;
}
