import type { OutgoingHttpHeaders } from "node:http";

const GRPC_MESSAGE = "grpc-message";

/**
 * Encodes the message of a gRPC status anew where there is one: the bytes that the specification of gRPC names, and no more. connect-es encodes
 * `:`, `/` and `,` as well, which grpc-js does not decode.
 */
export function encodeGrpcMessage(headers: Headers): Headers {
  const message = headers.get(GRPC_MESSAGE);
  if (message !== null) {
    headers.set(GRPC_MESSAGE, decodeURIComponent(message).replaceAll(/[^ -$&-~]+/g, encodeURIComponent));
  }
  return headers;
}

/** Headers or trailers of connect-es as node takes them. */
export function toNodeHeaders(headers = new Headers()): OutgoingHttpHeaders {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(encodeGrpcMessage(headers)), ...(cookies.length > 0 && { "set-cookie": cookies }) };
}
