const GRPC_MESSAGE = "grpc-message";

/**
 * Encodes the message of a gRPC status anew where there is one: the bytes that the specification of gRPC names, and no more. connect-es encodes
 * `:`, `/` and `,` as well, which grpc-js does not decode.
 */
export function recodeGrpcMessage(headers: Headers): Headers {
  const message = headers.get(GRPC_MESSAGE);
  if (message !== null) {
    headers.set(GRPC_MESSAGE, decodeURIComponent(message).replaceAll(/[^ -$&-~]+/g, encodeURIComponent));
  }
  return headers;
}
