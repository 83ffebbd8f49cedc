import { status } from "@grpc/grpc-js";
import { isStoreUnavailable, isUnreadableRecord } from "../contract/mod.ts";

/** A call that is answered with a status of its own. */
export class CallRefused extends Error {
  override readonly name = "CallRefused";
  readonly code: status;

  constructor(message: string, code: status) {
    super(message);
    this.code = code;
  }
}

/** The status that tells the caller of an error. */
export function toStatus(error: unknown): { code: status; details: string } {
  const details = error instanceof Error ? error.message : String(error);
  if (isUnreadableRecord(error)) return { code: status.DATA_LOSS, details };
  if (isStoreUnavailable(error)) return { code: status.UNAVAILABLE, details };
  return { code: error instanceof CallRefused ? error.code : status.INTERNAL, details };
}
