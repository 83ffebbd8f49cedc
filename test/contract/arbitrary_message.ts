import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import fc, { type Arbitrary } from "fast-check";

/** Any message of a type: every field may be set, to anything that its type can say. */
export function arbitraryMessage<Desc extends DescMessage>(schema: Desc): Arbitrary<MessageShape<Desc>> {
  // Built field by field from the descriptor, which is what gives the shape its type.
  return arbitraryInit(schema).map((init) => create(schema, init as MessageInitShape<Desc>));
}

/** Messages with a special form in code, or a smaller range than their fields. */
const wellKnown: Readonly<Record<string, Arbitrary<unknown>>> = {
  "google.protobuf.Struct": fc.dictionary(
    fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
    fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null), fc.array(fc.integer())),
    { noNullPrototype: true },
  ),
  "google.protobuf.Timestamp": fc.record({
    seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
    nanos: fc.nat(999_999_999),
  }),
  "google.protobuf.Duration": fc.record({
    seconds: fc.bigInt({ min: 0n, max: 315576000000n }),
    nanos: fc.nat(999_999_999),
  }),
  "google.protobuf.Value": fc
    .jsonValue({ maxDepth: 3 })
    .filter((json) => !JSON.stringify(json).includes('"__proto__"'))
    .map((json) => fromJson(ValueSchema, json as JsonValue)),
};

function arbitraryInit(message: DescMessage): Arbitrary<unknown> {
  const known = wellKnown[message.typeName];
  if (known) return known;
  const fields = message.fields.filter(({ oneof }) => oneof === undefined);
  const all = [
    ...fields.map((field) => [field.localName, arbitraryField(field)] as const),
    ...message.oneofs.map((oneof) => [oneof.localName, arbitraryOneof(oneof)] as const),
  ];
  return fc.record(Object.fromEntries(all), { requiredKeys: [], noNullPrototype: true });
}

function arbitraryOneof({ fields }: DescOneof): Arbitrary<unknown> {
  return fc.oneof(
    ...fields.map((field) => fc.record({ case: fc.constant(field.localName), value: arbitraryField(field) })),
  );
}

function arbitraryField(field: DescField): Arbitrary<unknown> {
  switch (field.fieldKind) {
    case "scalar":
      return arbitraryScalar(field.scalar);
    case "enum":
      return fc.constantFrom(...field.enum.values.map((value) => value.number));
    case "message":
      return arbitraryInit(field.message);
    case "list":
      return fc.array(arbitraryElement(field), { maxLength: 4 });
    case "map": {
      const key = fc.string({ unit: "grapheme", minLength: 1 }).filter((name) => name !== "__proto__");
      return fc.dictionary(key, arbitraryElement(field), { maxKeys: 4, noNullPrototype: true });
    }
    default:
      return field satisfies never;
  }
}

function arbitraryElement(field: DescField & { fieldKind: "list" | "map" }): Arbitrary<unknown> {
  const element = field.fieldKind === "list" ? field.listKind : field.mapKind;
  if (element === "scalar" && field.scalar) return arbitraryScalar(field.scalar);
  if (element === "message" && field.message) return arbitraryInit(field.message);
  return fc.constantFrom(...(field.enum?.values.map((value) => value.number) ?? []));
}

function arbitraryScalar(type: ScalarType): Arbitrary<unknown> {
  switch (type) {
    case ScalarType.STRING:
      return fc.string({ unit: "grapheme" });
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.BYTES:
      return fc.uint8Array();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.FLOAT:
      return fc.float();
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return fc.integer();
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    default:
      return type satisfies never;
  }
}
