import { type ServiceError, status } from "@grpc/grpc-js";
import { isStoreState, type StoreState } from "../../../plugins/contract/mod.ts";
import { STORE_STATE_TRAILER } from "../../../proto/remote_plugin.ts";

/** After these a later try may succeed. */
const UNAVAILABLE: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.FAILED_PRECONDITION,
]);

interface Details {
  readonly code: status;
  /** The state of its store, as the plugin names it; anything else where it names none. */
  readonly state?: unknown;
  readonly cause?: unknown;
}

/** Why a plugin out of process did not answer a call. */
export class RemoteCallError extends Error {
  override readonly name = "RemoteCallError";
  readonly code: status;
  /** Why its store cannot do now what it was asked, or the plugin itself is out of reach or not ready; undefined for any other fault. */
  readonly storeState: StoreState | undefined;

  constructor(message: string, { code, state, cause }: Details) {
    super(message, { cause });
    this.code = code;
    if (UNAVAILABLE.has(code)) this.storeState = isStoreState(state) ? state : "away";
  }

  /** Whether it is out of reach or not ready, rather than unable to do what it was asked. */
  get isAway(): boolean {
    return this.storeState === "away";
  }
}

/** What grpc-js says of a call. */
export function toRemoteCallError(cause: ServiceError): RemoteCallError {
  const [state] = cause.metadata?.get(STORE_STATE_TRAILER) ?? [];
  return new RemoteCallError(cause.details || cause.message, { code: cause.code, state, cause });
}
