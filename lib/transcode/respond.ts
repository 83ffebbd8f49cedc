import {
  create,
  type DescField,
  isMessage,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { ConnectError } from "@connectrpc/connect";
import { type HttpBody, HttpBodySchema } from "../../proto/gen/es/google/api/httpbody_pb.js";
import type { Binding } from "./annotation/binding.ts";
import { appendHeaders, type Call } from "./http/call.ts";
import { HTTP_STATUS, HttpError, printError } from "./http/errors.ts";
import { type Content, sendContent } from "./http/send.ts";
import { printJson } from "./json/print_json.ts";
import type { TranscoderOptions } from "./options.ts";

/** Prints the JSON text of a response, or of a message in a stream. */
export type PrintMessage = (message: Message) => string;

/** Prints the whole message, or only the field that is the body of the response. */
export function createPrinter(
  { method, responseField }: Binding,
  jsonOptions: Partial<JsonWriteOptions> | undefined,
): PrintMessage {
  if (responseField === undefined) {
    return jsonOptions === undefined
      ? (message) => printJson(method.output, message)
      : (message) => JSON.stringify(toJson(method.output, message, jsonOptions));
  }
  const name = jsonOptions?.useProtoFieldName ? responseField.name : responseField.jsonName;
  const absent = property(
    toJson(method.output, create(method.output), { alwaysEmitImplicit: true }),
    responseField.jsonName,
  );
  return (message) => JSON.stringify(property(toJson(method.output, message, jsonOptions), name) ?? absent ?? null);
}

function property(json: JsonValue, name: string): JsonValue | undefined {
  return json !== null && typeof json === "object" && !Array.isArray(json) ? json[name] : undefined;
}

/** The bytes of a response; empty if its field is absent. */
export function httpBody({ method, responseField }: Binding, message: Message): HttpBody {
  const body = responseField === undefined ? message : fieldMessage(reflect(method.output, message), responseField);
  return isMessage(body, HttpBodySchema) ? body : create(HttpBodySchema);
}

function fieldMessage(message: ReflectMessage, field: DescField): Message {
  return field.fieldKind === "message" ? message.get(field).message : message.message;
}

/** Creates the headers of a raw response, by the message that has their type. */
export type RawHead = (first: Pick<HttpBody, "contentType"> | undefined) => Readonly<Record<string, string>>;

export function createRawHead({ rawHeaders }: Pick<TranscoderOptions, "rawHeaders">): RawHead {
  return (first) => {
    const contentType = first?.contentType || DEFAULT_TYPE;
    return { "content-type": contentType, ...rawHeaders?.(contentType) };
  };
}

/** The default media type of bytes. */
const DEFAULT_TYPE = "application/octet-stream";

export function answerJson(call: Call, json: string): Promise<void> | undefined {
  return answer(call, { status: 200, headers: JSON_HEAD, content: json });
}

export function answerRaw(call: Call, body: HttpBody, rawHead: RawHead): Promise<void> | undefined {
  return answer(call, { status: 200, headers: { ...rawHead(body), "accept-ranges": "none" }, content: body.data });
}

const JSON_HEAD = { "content-type": "application/json" };

/** Sends an error with the status of its code, unless it has its own. */
export function answerError(
  call: Call,
  error: ConnectError,
  { jsonOptions }: { jsonOptions: Partial<JsonWriteOptions> | undefined },
): Promise<void> | undefined {
  if (!call.closed) {
    appendHeaders(call.response, error.metadata);
  }
  const status = error instanceof HttpError ? error.status : HTTP_STATUS[error.code];
  return answer(call, { status, headers: JSON_HEAD, content: printError(error, jsonOptions) });
}

function answer(call: Call, content: Content): Promise<void> | undefined {
  if (call.closed) {
    return undefined;
  }
  call.copyHeaders();
  return sendContent(call, content);
}
