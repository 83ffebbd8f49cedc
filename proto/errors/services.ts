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

/**
 * The reason for which a store cannot be used now, other than a bug: it does not respond, has no space, is read-only, refuses the
 * credentials, fails, or lacks a connection, lock or memory.
 */
export type StoreState = "away" | "full" | "readOnly" | "denied" | "failing" | "busy";

/** Messages about a store for callers, with advice. */
const STORE_STATES: Readonly<Record<StoreState, string>> = {
  away: "does not answer now; try again",
  full: "has no space left; free or add some, then try again",
  readOnly: "takes no writes; make its store writable, then try again",
  denied: "has no access to its store; mend its permissions or credentials, then try again",
  failing: "cannot read or write its disk; check its space, quota and health, then try again",
  busy: "has no connection, lock or memory left; try again",
};

export function storageUnavailable(plugin: string, cause: unknown, state: StoreState = "away"): ConnectError {
  return apiError(`Cannot read or write the record: DAO plugin "${plugin}" ${STORE_STATES[state]}`, {
    code: Code.Unavailable,
    reason: "STORAGE_UNAVAILABLE",
    metadata: { plugin, state },
    cause,
  });
}

export function blobsUnavailable(plugin: string, cause: unknown, state: StoreState = "away"): ConnectError {
  return apiError(`Cannot read or write contents: blob plugin "${plugin}" ${STORE_STATES[state]}`, {
    code: Code.Unavailable,
    reason: "BLOBS_UNAVAILABLE",
    metadata: { plugin, state },
    cause,
  });
}

export function auditBehind(): ConnectError {
  return apiError("Cannot take the call: it could not be written to the audit log, which is behind; try again", {
    code: Code.Unavailable,
    reason: "AUDIT_BEHIND",
  });
}
