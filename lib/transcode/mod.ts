/**
 * REST from `google.api.http`: serves methods as JSON over plain HTTP, from their descriptors alone. Complete for the annotation's
 * grammar (google/api/http.proto), with google.api.HttpBody for raw bytes, and streams of responses as NDJSON or server-sent events.
 *
 * A library of its own: it knows nothing of what the methods do, and imports protobuf-es, ConnectError, node's own modules and the
 * generated code of `google.api` only.
 */

export { accepts, orderedEncodings } from "./accept.ts";
export { type BodyLimit, readBody, sendContinue } from "./body.ts";
export {
  breakOff,
  type CallContext,
  CallHeaders,
  type HttpRequest,
  type HttpResponse,
  isOver,
  readHeaders,
} from "./call.ts";
export { compressPieces, firstPieces, isCompressible, joinPieces, negotiateEncoding } from "./compress.ts";
export { isZlib, onDecoded } from "./content_coding.ts";
export { writePiece } from "./drain.ts";
export { clientLeft, HttpError } from "./errors.ts";
export { countJson, findDuplicateName, isPlainJson, JsonCounter } from "./json_scan.ts";
export { keepText, keptText, readKept } from "./kept_text.ts";
export { createOpenApi, type OpenApiOptions, type OperationExamples, type RawTypes } from "./openapi/mod.ts";
export type { BodyLimits, EventOptions, Invoke, TranscoderOptions } from "./options.ts";
export { printJson } from "./print_json.ts";
export { sendContent } from "./send.ts";
export { createTranscoder, type Route, type Transcoder } from "./transcoder.ts";
