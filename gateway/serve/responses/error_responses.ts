import type { ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, endStreamFlag, endStreamToJson, errorToJson } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { type HttpRequest, type HttpResponse, isOver } from "../../../lib/transcode/mod.ts";
import { isSparkPath } from "../../spark/mod.ts";
import { encodeGrpcMessage } from "./node_headers.ts";

/** Sends an error in the protocol of an RPC whose head alone was read. `status` is the HTTP status of unary Connect and plain responses. */
export function sendRpcError(
  request: HttpRequest,
  response: HttpResponse,
  error: ConnectError,
  { status = codeToHttpStatus(error.code) }: { readonly status?: number } = {},
): void {
  if (isOver(response)) return;
  const contentType = request.headers["content-type"] ?? "";
  if (contentType.startsWith("application/grpc")) return sendGrpcError(response, { contentType, error });
  if (contentType.startsWith("application/connect+")) return sendConnectStreamError(response, { contentType, error });
  response.writeHead(status, { ...headersOf(error), "content-type": "application/json" });
  response.end(JSON.stringify(errorToJson(error, undefined)));
}

/** Sends an error to a request of any protocol that is rejected by its head alone, with the HTTP status of the error. */
export function sendHttpError(request: HttpRequest, response: HttpResponse, error: ConnectError): void {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const isText = isSparkPath(path);
  response.writeHead(codeToHttpStatus(error.code), {
    "content-type": isText ? "text/plain; charset=UTF-8" : "application/json",
    vary: "Origin",
  });
  response.end(isText ? error.rawMessage : JSON.stringify(errorToJson(error, undefined)));
}

interface Refusal {
  readonly contentType: string;
  readonly error: ConnectError;
}

/** A response without a body ("Trailers-Only" in the gRPC protocol; gRPC-Web has the same). */
function sendGrpcError(response: HttpResponse, { contentType, error }: Refusal): void {
  const status = Object.fromEntries(encodeGrpcMessage(setTrailerStatus(new Headers(), error)));
  const head = { ...headersOf(error), ...status, "content-type": contentType };
  if (response.stream === undefined) {
    response.writeHead(200, head);
    response.end();
    return;
  }
  // The HEADERS frame itself must end the stream, otherwise clients wait for trailers.
  response.stream.respond({ ":status": 200, ...head }, { endStream: true });
}

/** A stream with the end-of-stream message only. */
function sendConnectStreamError(response: HttpResponse, { contentType, error }: Refusal): void {
  const end = endStreamToJson(error.metadata, error, undefined);
  response.writeHead(200, { ...headersOf(error), "content-type": contentType });
  response.end(encodeEnvelope(endStreamFlag, new TextEncoder().encode(JSON.stringify(end))));
}

function headersOf({ metadata }: ConnectError): Record<string, string> {
  return Object.fromEntries(metadata);
}
