import { type ServiceError, status } from "@grpc/grpc-js";

/** After these a later try may succeed. */
const AWAY: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.FAILED_PRECONDITION]);

/** Why a plugin out of process did not answer a call. */
export class RemoteCallError extends Error {
  override readonly name = "RemoteCallError";
  readonly code: status;

  constructor(message: string, { code, cause }: { code: status; cause?: unknown }) {
    super(message, { cause });
    this.code = code;
  }

  /** Whether it is out of reach or not ready, rather than unable to do what it was asked. */
  get isAway(): boolean {
    return AWAY.has(this.code);
  }
}

/** What grpc-js says of a call. */
export function callError(cause: ServiceError): RemoteCallError {
  return new RemoteCallError(cause.details || cause.message, { code: cause.code, cause });
}
