import type { ServiceError } from "@grpc/grpc-js";
import { STORE_STATE_TRAILER } from "../../../proto/remote_plugin.ts";
import { RemoteCallError } from "./call_error.ts";

/** What grpc-js says of a call. */
export function callError(cause: ServiceError): RemoteCallError {
  const [state] = cause.metadata?.get(STORE_STATE_TRAILER) ?? [];
  return new RemoteCallError(cause.details || cause.message, { code: cause.code, state, cause });
}
