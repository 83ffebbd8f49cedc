import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonWriteOptions,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** JSON Schemas of the JSON form of messages; each message and enum becomes a component once, under its full name. */
export interface Schemas {
  readonly components: JsonObject;
  message(desc: DescMessage): JsonObject;
  field(field: DescField): JsonObject;
  /** The schemas of a message's fields by their names in JSON. */
  properties(fields: readonly DescField[]): JsonObject;
}

export function createSchemas({ useProtoFieldName = false }: Partial<JsonWriteOptions> = {}): Schemas {
  const components: JsonObject = {};

  function message(desc: DescMessage): JsonObject {
    if (isWrapperDesc(desc)) {
      return field(desc.fields[0]);
    }
    return (
      WELL_KNOWN.get(desc.typeName) ??
      component(desc.typeName, () => ({ type: "object", properties: properties(desc.fields) }))
    );
  }

  function properties(fields: readonly DescField[]): JsonObject {
    return Object.fromEntries(fields.map((each) => [useProtoFieldName ? each.name : each.jsonName, field(each)]));
  }

  function enumeration(desc: DescEnum): JsonObject {
    return component(desc.typeName, () => ({ type: "string", enum: desc.values.map((value) => value.name) }));
  }

  function field(desc: DescField): JsonObject {
    switch (desc.fieldKind) {
      case "list":
        return { type: "array", items: value(desc) };
      case "map":
        return { type: "object", additionalProperties: value(desc) };
      default:
        return value(desc);
    }
  }

  /** Of the field, or of one item of it. */
  function value(desc: DescField): JsonObject {
    if (desc.message !== undefined) {
      return message(desc.message);
    }
    return desc.enum === undefined ? SCALARS[desc.scalar] : enumeration(desc.enum);
  }

  function component(name: string, make: () => JsonObject): JsonObject {
    if (components[name] === undefined) {
      // Taken before it is made: messages may contain themselves.
      components[name] = {};
      components[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  return { components, message, field, properties };
}

const INT32 = { type: "integer", format: "int32" };
const UINT32 = { type: "integer", format: "uint32", minimum: 0 };
const INT64 = { type: "string", format: "int64" };
const UINT64 = { type: "string", format: "uint64" };

const SCALARS: Readonly<Record<ScalarType, JsonObject>> = {
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT64]: INT64,
  [ScalarType.UINT64]: UINT64,
  [ScalarType.INT32]: INT32,
  [ScalarType.FIXED64]: UINT64,
  [ScalarType.FIXED32]: UINT32,
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
  [ScalarType.UINT32]: UINT32,
  [ScalarType.SFIXED32]: INT32,
  [ScalarType.SFIXED64]: INT64,
  [ScalarType.SINT32]: INT32,
  [ScalarType.SINT64]: INT64,
};

const WELL_KNOWN: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ["google.protobuf.Any", { type: "object", properties: { "@type": { type: "string" } }, required: ["@type"] }],
  ["google.protobuf.Duration", { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" }],
  ["google.protobuf.Empty", { type: "object" }],
  ["google.protobuf.FieldMask", { type: "string" }],
  ["google.protobuf.ListValue", { type: "array" }],
  ["google.protobuf.Struct", { type: "object" }],
  ["google.protobuf.Timestamp", { type: "string", format: "date-time" }],
  ["google.protobuf.Value", {}],
]);
