/**
 * REST from `google.api.http`: serves methods as JSON over plain HTTP, from their descriptors alone. Complete for the annotation's
 * grammar (google/api/http.proto), with google.api.HttpBody for raw bytes, and streams of responses as NDJSON or server-sent events.
 *
 * A library of its own: it knows nothing of what the methods do, and imports protobuf-es, ConnectError, node's own modules and the
 * generated code of `google.api` only.
 */

export { accepts, orderedEncodings } from "./http/accept.ts";
export { type BodyLimit, readBody, sendContinue } from "./http/body.ts";
export {
  breakOff,
  type CallContext,
  CallHeaders,
  type HttpRequest,
  type HttpResponse,
  isOver,
  readHeaders,
} from "./http/call.ts";
export { compressPieces, firstPieces, isCompressible, joinPieces, negotiateEncoding } from "./http/compress.ts";
export { isZlib, onDecoded } from "./http/content_coding.ts";
export { clientLeft, HttpError } from "./http/errors.ts";
export { sendContent } from "./http/send.ts";
export { writePiece } from "./http/write.ts";
export { countJson, findDuplicateName, isPlainJson, JsonCounter } from "./json/json_scan.ts";
export { keepText, keptText, readKept } from "./json/kept_text.ts";
export { printJson } from "./json/print_json.ts";
export { createOpenApi, type OpenApiOptions, type OperationExamples, type RawTypes } from "./openapi/mod.ts";
export type { BodyLimits, EventOptions, Invoke, TranscoderOptions } from "./options.ts";
export { createTranscoder, type Route, type Transcoder } from "./transcoder.ts";
