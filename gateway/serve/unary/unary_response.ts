import type { OutgoingHttpHeaders } from "node:http";
import type { JsonWriteOptions } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  type Compression,
  compressedFlag,
  encodeEnvelope,
  mergeNonProtocolHeaders,
} from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes, trailerMux } from "@connectrpc/connect/protocol-connect";
import { grpcStatusOk, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { type HttpResponse, isOver } from "../../../lib/transcode/mod.ts";
import { toNodeHeaders } from "../responses/node_headers.ts";
import type { UnaryCall } from "./unary_call.ts";
import type { UnaryHead } from "./unary_head.ts";

/** Minimum size of a message that is compressed, in bytes: the default of connect-es. */
const COMPRESS_BYTES = 1024;

/** The result of a call: an encoded message, or an error. */
type Outcome = Uint8Array | ConnectError;

interface Answered {
  readonly head: UnaryHead;
  readonly call: UnaryCall;
  readonly jsonOptions: Partial<JsonWriteOptions> | undefined;
}

/** Writes the outcome of a call in its protocol. Rejects if it cannot be written. */
export function answerUnary(response: HttpResponse, outcome: Outcome, answered: Answered): Promise<void> {
  switch (answered.head.form.protocol) {
    case "connect":
      return answerConnect(response, outcome, answered);
    case "grpc":
      return answerGrpc(response, outcome, answered);
    case "grpc-web":
      return answerGrpcWeb(response, outcome, answered);
    default:
      return answered.head.form.protocol satisfies never;
  }
}

/** See https://connectrpc.com/docs/protocol/#unary-response. */
async function answerConnect(response: HttpResponse, outcome: Outcome, answered: Answered): Promise<void> {
  const { head, jsonOptions } = answered;
  const isError = outcome instanceof ConnectError;
  const message = isError ? errorToJsonBytes(outcome, jsonOptions) : outcome;
  const compression = head.compression !== null && message.length >= COMPRESS_BYTES ? head.compression : undefined;
  const content = compression === undefined ? message : await compression.compress(message);
  if (isOver(response)) return;
  if (compression !== undefined) response.appendHeader("vary", "accept-encoding");
  response.writeHead(isError ? codeToHttpStatus(outcome.code) : 200, {
    ...connectHeaders(outcome, answered),
    ...(compression !== undefined && { "content-encoding": compression.name }),
    "content-length": String(content.length),
  });
  response.end(content);
}

function connectHeaders(outcome: Outcome, { head: { form }, call: { metadata } }: Answered): OutgoingHttpHeaders {
  const isError = outcome instanceof ConnectError;
  if (!isError && metadata.header === undefined && metadata.trailer === undefined) {
    return { "content-type": form.contentType };
  }
  const header = withDefault(metadata.header, "content-type", form.contentType);
  if (isError) {
    header.set("content-type", "application/json");
    mergeNonProtocolHeaders(header, outcome.metadata);
  }
  return toNodeHeaders(metadata.trailer === undefined ? header : trailerMux(header, metadata.trailer));
}

/** See https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses. */
async function answerGrpc(response: HttpResponse, outcome: Outcome, answered: Answered): Promise<void> {
  const { compression } = answered.head;
  const content = outcome instanceof ConnectError ? undefined : await envelope(outcome, { compression });
  if (isOver(response)) return;
  response.writeHead(200, grpcHeaders(answered));
  response.addTrailers(grpcTrailers(outcome, answered));
  response.end(content);
}

/** As gRPC, with the trailers as a message at the end: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md. */
async function answerGrpcWeb(response: HttpResponse, outcome: Outcome, answered: Answered): Promise<void> {
  const { compression } = answered.head;
  const content = outcome instanceof ConnectError ? undefined : await envelope(outcome, { compression });
  const trailers = trailerSerialize(trailersOf(outcome, answered));
  const end = await envelope(trailers, { compression, flags: trailerFlag });
  if (isOver(response)) return;
  response.writeHead(200, grpcHeaders(answered));
  response.end(content === undefined ? end : Buffer.concat([content, end]));
}

function grpcHeaders({ head: { form, compression }, call: { metadata } }: Answered): OutgoingHttpHeaders {
  return {
    "content-type": form.contentType,
    ...(metadata.header !== undefined && toNodeHeaders(metadata.header)),
    ...(compression !== null && { "grpc-encoding": compression.name }),
  };
}

function grpcTrailers(outcome: Outcome, answered: Answered): OutgoingHttpHeaders {
  const isPlain = !(outcome instanceof ConnectError) && answered.call.metadata.trailer === undefined;
  return isPlain ? { "grpc-status": grpcStatusOk } : toNodeHeaders(trailersOf(outcome, answered));
}

function trailersOf(outcome: Outcome, { call: { metadata } }: Answered): Headers {
  const trailer = withDefault(metadata.trailer, "grpc-status", grpcStatusOk);
  return outcome instanceof ConnectError ? setTrailerStatus(trailer, outcome) : trailer;
}

function withDefault(headers: Headers | undefined, name: string, value: string): Headers {
  const copied = new Headers(headers);
  if (!copied.has(name)) copied.set(name, value);
  return copied;
}

async function envelope(
  message: Uint8Array,
  { compression, flags = 0 }: { readonly compression: Compression | null; readonly flags?: number },
): Promise<Uint8Array> {
  if (compression === null || message.length < COMPRESS_BYTES) return encodeEnvelope(flags, message);
  return encodeEnvelope(flags | compressedFlag, await compression.compress(message));
}
