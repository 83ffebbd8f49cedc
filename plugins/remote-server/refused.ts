import { Metadata, status } from "@grpc/grpc-js";
import { STORE_STATE_TRAILER } from "../../proto/remote_plugin.ts";
import { isStoreUnavailable, isUnreadableRecord, type StoreState } from "../contract/mod.ts";

/** A call that is refused with a status. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly code: status;

  constructor(message: string, code: status) {
    super(message);
    this.code = code;
  }
}

/** The status of an error for the caller, and the state of a store that cannot be used. */
export interface Fault {
  readonly code: status;
  readonly details: string;
  readonly state?: StoreState | undefined;
}

/** The error in the form of grpc-js. */
export function toStatus(error: unknown): { code: status; details: string; metadata: Metadata } {
  const { state, ...fault } = faultOf(error);
  const metadata = new Metadata();
  if (state !== undefined) metadata.set(STORE_STATE_TRAILER, state);
  return { ...fault, metadata };
}

export function faultOf(error: unknown): Fault {
  const details = error instanceof Error ? error.message : String(error);
  if (isUnreadableRecord(error)) return { code: status.DATA_LOSS, details };
  if (isStoreUnavailable(error)) return { code: status.UNAVAILABLE, details, state: error.state };
  return { code: error instanceof CallRefused ? error.code : status.INTERNAL, details };
}
