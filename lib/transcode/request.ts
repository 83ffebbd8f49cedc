import { isUtf8 } from "node:buffer";
import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonReadOptions,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "../../proto/gen/es/google/api/httpbody_pb.js";
import type { Binding, BoundVariable, RequestBody } from "./annotation/binding.ts";
import { setTextAt } from "./annotation/fields.ts";
import { decodeSegment, decodeSegments } from "./annotation/percent.ts";
import { decoding, invalidArgument } from "./http/errors.ts";
import { explainJson } from "./json/json_problem.ts";
import { findDuplicateName } from "./json/json_scan.ts";
import { takeStructs } from "./json/struct_texts.ts";
import { readQuery } from "./query.ts";

/** The parts of an HTTP request. */
export interface RequestParts {
  /** Segments of the path, as matched. */
  readonly segments: readonly string[];
  /** Without its `?`. */
  readonly query: string;
  /** Empty for a request without a body. */
  readonly body: Buffer<ArrayBuffer>;
  readonly contentType: string | undefined;
}

/**
 * Reads the request message of a call: first the body, then the path, then the query. Throws InvalidArgument that names the invalid part of
 * the HTTP request.
 */
export function readRequest(
  binding: Binding,
  parts: RequestParts,
  jsonOptions: Partial<JsonReadOptions> | undefined,
): Message {
  const message = readMessage(binding, parts, jsonOptions);
  if (binding.variables.length === 0 && parts.query === "") {
    return message;
  }
  const request = reflect(binding.method.input, message);
  for (const variable of binding.variables) {
    readVariable(request, variable, parts.segments);
  }
  if (parts.query !== "") {
    readQuery(binding, request, parts.query);
  }
  return message;
}

function readVariable(request: ReflectMessage, variable: BoundVariable, segments: readonly string[]): void {
  const raw = segments.slice(variable.start, variable.end);
  const isPlain = variable.single || variable.decodesSlashes;
  const text = isPlain ? decodeSegment(raw.join("/")) : decodeSegments(raw);
  const subject = `Cannot read {${variable.path.name}} of the path`;
  if (text === undefined) {
    throw invalidArgument(`${subject}: "${raw.join("/")}" is not percent-encoded UTF-8`);
  }
  decoding(subject, () => setTextAt(request, variable.path, text));
}

function readMessage(
  { method, body: rule, structLevels }: Binding,
  parts: RequestParts,
  jsonOptions: Partial<JsonReadOptions> | undefined,
): Message {
  switch (rule.type) {
    case "none":
      refuseBody(parts);
      return create(method.input);
    case "json":
      return readJson(method.input, parts, { field: rule.field, jsonOptions, structLevels });
    case "raw":
      return readRaw(method.input, parts, rule);
    default:
      return rule satisfies never;
  }
}

function refuseBody({ body }: RequestParts): void {
  if (body.length > 0) {
    throw invalidArgument(
      "Cannot accept a request body: this method has none; its fields are in the path and the query",
    );
  }
}

function readRaw(input: DescMessage, parts: RequestParts, { field }: RequestBody & { type: "raw" | "json" }): Message {
  const content = reflect(
    HttpBodySchema,
    create(HttpBodySchema, { contentType: parts.contentType ?? "", data: plainBytes(parts.body) }),
  );
  if (field === undefined) {
    return content.message;
  }
  const request = reflect(input);
  request.set(field, content);
  return request.message;
}

/** The same memory as a plain Uint8Array. */
function plainBytes(buffer: Buffer<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function readJson(
  input: DescMessage,
  parts: RequestParts,
  { field, jsonOptions, structLevels }: Omit<JsonBody, "body">,
): Message {
  const body = withoutByteOrderMark(parts.body);
  if (body.length === 0) {
    return create(input);
  }
  checkContentType(parts.contentType);
  if (!isUtf8(body)) {
    throw invalidArgument("Cannot read the request body: it is not UTF-8");
  }
  const subject = "Cannot read the request body";
  const desc = field?.message ?? input;
  const json = decoding(subject, () => parseJson(desc, body));
  return decoding(
    subject,
    () => decodeJson(input, json, { field, jsonOptions, structLevels, body }),
    () => explainJson({ desc: input, field, jsonOptions }, json),
  );
}

/** The text without a byte order mark; RFC 8259, section 8.1, lets parsers ignore it. */
function withoutByteOrderMark(text: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  return text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? text.subarray(3) : text;
}

/** Throws an Error, with protobuf-es' message, for invalid JSON and for duplicate names in an object. */
function parseJson({ typeName }: DescMessage, body: Buffer<ArrayBuffer>): JsonValue {
  const fault = (why: string, cause?: unknown): Error =>
    new Error(`cannot decode message ${typeName} from JSON: ${why}`, { cause });
  let json: JsonValue;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw fault(error instanceof Error ? error.message : String(error), error);
  }
  const twice = findDuplicateName(body, json);
  if (twice !== undefined) {
    throw fault(`duplicate object key "${twice}"`);
  }
  return json;
}

/** Keeps Structs as text if the binding asks for it. */
function decodeMessage(
  desc: DescMessage,
  json: JsonValue,
  { jsonOptions, structLevels, body }: Omit<JsonBody, "field">,
): Message {
  if (structLevels === undefined) return fromJson(desc, json, jsonOptions);
  const { rest, restore } = takeStructs(desc, json, { text: body, levels: structLevels });
  const message = fromJson(desc, rest, jsonOptions);
  restore(message);
  return message;
}

interface JsonBody {
  /** The field of the body; undefined: the whole request. */
  readonly field: DescField | undefined;
  readonly jsonOptions: Partial<JsonReadOptions> | undefined;
  readonly structLevels: number | undefined;
  readonly body: Buffer<ArrayBuffer>;
}

function decodeJson(
  input: DescMessage,
  json: JsonValue,
  { field, jsonOptions, structLevels, body }: JsonBody,
): Message {
  if (field !== undefined && field.fieldKind !== "message") {
    return fromJson(input, { [field.jsonName]: json }, jsonOptions);
  }
  const desc = field?.message ?? input;
  const message = decodeMessage(desc, json, { jsonOptions, structLevels, body });
  if (field === undefined) {
    return message;
  }
  const request = reflect(input);
  request.set(field, reflect(desc, message));
  return request.message;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?;?$/i;

function checkContentType(contentType: string | undefined): void {
  // Fast path.
  if (contentType !== "application/json" && !JSON_TYPE.test(contentType ?? "")) {
    const given = contentType === undefined ? "none" : `"${contentType}"`;
    throw invalidArgument(`Cannot read the request body: its content-type is ${given}; send "application/json"`);
  }
}
