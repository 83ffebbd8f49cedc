import type { OutgoingHttpHeaders } from "node:http";

const GRPC_MESSAGE = "grpc-message";

/**
 * Encodes the message of a gRPC status anew, if there is one: exactly the bytes that the gRPC specification names. connect-es also encodes
 * `:`, `/` and `,`, which grpc-js does not decode.
 */
export function encodeGrpcMessage(headers: Headers): Headers {
  const message = headers.get(GRPC_MESSAGE);
  if (message !== null) {
    headers.set(GRPC_MESSAGE, decodeURIComponent(message).replaceAll(/[^ -$&-~]+/g, encodeURIComponent));
  }
  return headers;
}

/** Converts headers or trailers of connect-es to those of Node. */
export function toNodeHeaders(headers = new Headers()): OutgoingHttpHeaders {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(encodeGrpcMessage(headers)), ...(cookies.length > 0 && { "set-cookie": cookies }) };
}
