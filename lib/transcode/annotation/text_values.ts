import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  enumFromJson,
  fromJson,
  fromJsonString,
  ScalarType,
} from "@bufbuild/protobuf";
import { protoSnakeCase, type ReflectMessage, reflect, type ScalarValue } from "@bufbuild/protobuf/reflect";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { FieldMaskSchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { expectedMessage, found } from "../json/expected.ts";

/**
 * Sets a field from text of a path or query, or adds it to a list: the JSON form of the value, without quotes. Throws an Error that names
 * the expected type.
 */
export function setText(message: ReflectMessage, field: DescField, text: string): void {
  switch (field.fieldKind) {
    case "scalar":
      return message.set(field, parseScalar(field.scalar, text));
    case "enum":
      return message.set(field, parseEnum(field.enum, text));
    case "message":
      return message.set(field, parseMessage(field.message, text));
    case "list":
      return message.get(field).add(parseItem(field, text));
    case "map":
      throw new Error(`${field} is a map, which a URL cannot carry`);
    default:
      field satisfies never;
  }
}

/** Whether values of this type have a text form: well-known types with a special JSON form, except Any. */
export function hasTextForm(desc: DescMessage): boolean {
  return isWrapperDesc(desc) || TEXT_FORMS.has(desc.typeName);
}

const TEXT_FORMS: ReadonlyMap<string, (desc: DescMessage, text: string) => ReflectMessage> = new Map([
  ["google.protobuf.Timestamp", parseQuoted],
  ["google.protobuf.Duration", parseQuoted],
  ["google.protobuf.FieldMask", parseFieldMask],
  ["google.protobuf.Struct", parseJson],
  ["google.protobuf.Value", parseJson],
  ["google.protobuf.ListValue", parseJson],
]);

function parseItem(field: DescField & { fieldKind: "list" }, text: string): ScalarValue | ReflectMessage {
  switch (field.listKind) {
    case "scalar":
      return parseScalar(field.scalar, text);
    case "enum":
      return parseEnum(field.enum, text);
    case "message":
      return parseMessage(field.message, text);
    default:
      return field satisfies never;
  }
}

function parseMessage(desc: DescMessage, text: string): ReflectMessage {
  const parse = TEXT_FORMS.get(desc.typeName);
  if (parse !== undefined) {
    return parse(desc, text);
  }
  if (!isWrapperDesc(desc)) {
    throw new Error(`${desc.typeName} is a message, which a URL can carry field by field only`);
  }
  const wrapper = reflect(desc);
  setText(wrapper, desc.fields[0], text);
  return wrapper;
}

function parseQuoted(desc: DescMessage, text: string): ReflectMessage {
  try {
    return reflect(desc, fromJson(desc, text));
  } catch (cause) {
    throw new Error(`expected ${expectedMessage(desc)}, got ${found(text)}`, { cause });
  }
}

function parseJson(desc: DescMessage, text: string): ReflectMessage {
  return reflect(desc, fromJsonString(desc, text));
}

/** `a.fieldName,b` or `a.field_name,b`. */
function parseFieldMask(desc: DescMessage, text: string): ReflectMessage {
  const paths = text === "" ? [] : text.split(",");
  const mask = create(FieldMaskSchema, {
    paths: paths.map((path) => (path.includes("_") ? path : protoSnakeCase(path))),
  });
  return reflect(desc, mask);
}

function parseEnum(desc: DescEnum, text: string): number {
  return INTEGER.test(text) ? Number(text) : enumFromJson(desc, text);
}

const INTEGER = /^-?\d+$/;
const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/** The setter checks whether the number fits its type. */
function parseScalar(type: ScalarType, text: string): ScalarValue {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return parseBool(text);
    case ScalarType.BYTES:
      return base64Decode(text);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return parseDecimal(text);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.SINT64:
      return BigInt(integer(text));
    case ScalarType.INT32:
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.SINT32:
      // Converts -0 to 0.
      return Number(integer(text)) + 0;
    default:
      return type satisfies never;
  }
}

function parseBool(text: string): boolean {
  if (text !== "true" && text !== "false") {
    throw new Error(`expected true or false, got "${text}"`);
  }
  return text === "true";
}

function parseDecimal(text: string): number {
  const notFinite = NOT_FINITE.get(text);
  if (notFinite !== undefined) {
    return notFinite;
  }
  if (!DECIMAL.test(text)) {
    throw new Error(`expected a number, got "${text}"`);
  }
  return Number(text);
}

function integer(text: string): string {
  if (!INTEGER.test(text)) {
    throw new Error(`expected an integer, got "${text}"`);
  }
  return text;
}
