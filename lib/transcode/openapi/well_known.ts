import { type JsonObject, ScalarType } from "@bufbuild/protobuf";
import { printDurations } from "./ranges.ts";

const INT32 = { type: "integer", format: "int32", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
/** With the format that makes generators use a signed type of more than 32 bits. */
const UINT32 = { type: "integer", format: "int64", minimum: 0, maximum: 2 ** 32 - 1 };
const INT64 = { type: "string", format: "int64", pattern: "^-?[0-9]{1,19}$" };
const UINT64 = { type: "string", format: "uint64", pattern: "^[0-9]{1,20}$" };

/** The JSON form of each scalar type (https://protobuf.dev/programming-guides/json/), as in responses. */
export const SCALARS: Readonly<Record<ScalarType, JsonObject>> = {
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.INT32]: INT32,
  [ScalarType.FIXED64]: UINT64,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", format: "byte", contentEncoding: "base64" },
  [ScalarType.UINT32]: UINT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SINT64]: INT64,
};

/** The bytes of a google.api.HttpBody, in a form for which generators use files or blobs. */
export const BYTES: JsonObject = { type: "string", format: "binary" };

/** The JSON form of well-known types. */
export const WELL_KNOWN: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  [
    "google.protobuf.Any",
    { type: "object", properties: { "@type": { type: "string" } }, required: ["@type"], additionalProperties: true },
  ],
  ["google.protobuf.Duration", { type: "string", pattern: printDurations({}) ?? "" }],
  ["google.protobuf.Empty", { type: "object" }],
  ["google.protobuf.FieldMask", { type: "string" }],
  ["google.protobuf.ListValue", { type: "array", items: {} }],
  ["google.protobuf.NullValue", { type: "null" }],
  ["google.protobuf.Struct", { type: "object", additionalProperties: true }],
  ["google.protobuf.Timestamp", { type: "string", format: "date-time" }],
  ["google.protobuf.Value", {}],
  ["google.api.HttpBody", BYTES],
]);
