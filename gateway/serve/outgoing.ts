import type { OutgoingHttpHeaders } from "node:http";
import { recodeGrpcMessage } from "./responses/grpc_headers.ts";

/** Headers or trailers of connect-es as node takes them. */
export function outgoing(headers = new Headers()): OutgoingHttpHeaders {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(recodeGrpcMessage(headers)), ...(cookies.length > 0 && { "set-cookie": cookies }) };
}
