import { JetStreamApiError } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";
import { type StoreState, StoreUnavailable } from "../contract/mod.ts";
import { isJetStreamAway } from "../nats/mod.ts";

/** Codes of JetStream's errors (https://github.com/nats-io/nats-server/blob/main/server/errors.json) that are no fault of Hearth. */
const STATES: Readonly<Record<number, StoreState>> = {
  // Resource limits of the account, the server's memory and storage.
  10002: "full",
  10023: "full",
  10028: "full",
  10047: "full",
  // A cluster without a quorum, or whose leader is being elected.
  10005: "away",
  10008: "away",
  10009: "away",
  // JetStream is disabled, for the server or the account, or the stream is gone.
  10039: "away",
  10059: "away",
  10076: "away",
  // Limits of the stream: bytes, messages.
  10077: "full",
};

/** The error of a store whose NATS cannot be used now. Any other error is returned unchanged. */
export function natsFault(name: string, error: unknown): unknown {
  const state = stateOf(error);
  if (state === undefined) return error;
  const message = `Cannot use the object store "${name}": ${(error as Error).message}`;
  return new StoreUnavailable(state, message, { cause: error });
}

function stateOf(error: unknown): StoreState | undefined {
  if (error instanceof JetStreamApiError) return STATES[error.code];
  if (isDenied(error) || (error instanceof Error && isDenied(error.cause))) return "denied";
  const isAway =
    isJetStreamAway(error) ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError;
  return isAway ? "away" : undefined;
}

function isDenied(error: unknown): boolean {
  return error instanceof errors.PermissionViolationError || error instanceof errors.AuthorizationError;
}
