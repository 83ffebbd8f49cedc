import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** The expected JSON of a field, or of one item of it; undefined for messages without a special JSON form. */
export function expectedValue(field: DescField): string | undefined {
  if (field.message !== undefined) {
    return expectedMessage(field.message);
  }
  return field.enum === undefined
    ? SCALARS[field.scalar]
    : `one of ${field.enum.values.map(({ name }) => name).join(", ")}`;
}

/** The expected JSON of a well-known type. */
export function expectedMessage(desc: DescMessage): string | undefined {
  return isWrapperDesc(desc) ? expectedValue(desc.fields[0]) : WELL_KNOWN.get(desc.typeName);
}

/** A short description of the actual value. */
export function found(value: JsonValue): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cut(value));
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
    default:
      return String(value);
  }
}

/** Shortens a text that an error repeats. */
export function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

const LONGEST_TEXT = 100;

const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  ["google.protobuf.Duration", 'seconds such as "5s" or "0.25s"'],
  ["google.protobuf.Timestamp", 'a time such as "2030-01-31T12:00:00Z"'],
  ["google.protobuf.FieldMask", 'names of fields such as "title,shelfName"'],
  ["google.protobuf.Struct", "an object"],
  ["google.protobuf.ListValue", "a list"],
]);

const INT32 = "a whole number from -2147483648 to 2147483647";
const INT64 = "a whole number of 64 bits";
const UINT32 = "a whole number from 0 to 4294967295";
const UINT64 = "a whole number of 64 bits, not negative";

const SCALARS: Readonly<Record<ScalarType, string>> = {
  [ScalarType.DOUBLE]: "a number",
  [ScalarType.FLOAT]: "a number",
  [ScalarType.BOOL]: "true or false",
  [ScalarType.STRING]: "text",
  [ScalarType.BYTES]: "base64",
  [ScalarType.INT32]: INT32,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.UINT32]: UINT32,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.INT64]: INT64,
  [ScalarType.SINT64]: INT64,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.FIXED64]: UINT64,
};
