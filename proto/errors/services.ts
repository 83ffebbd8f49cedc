/** Errors of a gateway that misses what it needs. */
import { Code, type ConnectError } from "@connectrpc/connect";
import { apiError } from "./error.ts";

export function natsUnavailable(cause: unknown): ConnectError {
  return apiError("Cannot read the events: NATS is not reachable; try again", {
    code: Code.Unavailable,
    reason: "NATS_UNAVAILABLE",
    cause,
  });
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

export function auditBehind(): ConnectError {
  return apiError("Cannot take the call: it could not be written to the audit log, which is behind; try again", {
    code: Code.Unavailable,
    reason: "AUDIT_BEHIND",
  });
}
