import { type ServiceError, status } from "@grpc/grpc-js";
import { isStoreState, type StoreState } from "../../../plugins/contract/mod.ts";
import { STORE_STATE_TRAILER } from "../../../proto/remote_plugin.ts";

/** Status codes after which a retry may succeed. */
const UNAVAILABLE: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.FAILED_PRECONDITION,
]);

interface Details {
  readonly code: status;
  /** The state of its store in the plugin's trailer, unchecked. */
  readonly state?: unknown;
  readonly cause?: unknown;
}

/** A failed call to a remote plugin. */
export class RemoteCallError extends Error {
  override readonly name = "RemoteCallError";
  readonly code: status;
  /** Why its store is not usable for now, or the plugin itself is unavailable; undefined for any other failure. */
  readonly storeState: StoreState | undefined;

  constructor(message: string, { code, state, cause }: Details) {
    super(message, { cause });
    this.code = code;
    if (UNAVAILABLE.has(code)) this.storeState = isStoreState(state) ? state : "away";
  }

  /** Whether it is unavailable, rather than unable to do the operation. */
  get isAway(): boolean {
    return this.storeState === "away";
  }
}

/** Converts an error of grpc-js. */
export function toRemoteCallError(cause: ServiceError): RemoteCallError {
  const [state] = cause.metadata?.get(STORE_STATE_TRAILER) ?? [];
  return new RemoteCallError(cause.details || cause.message, { code: cause.code, state, cause });
}
