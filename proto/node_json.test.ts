import {
  create,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { expect, test } from "vitest";
import { NodeSchema } from "./mod.ts";
import { Node, printNode } from "./node.ts";

/** A number that no double shows as it is in JSON by mistake, and that a double holds. */
const WIDE = 2n ** 41n + 7n;

/** A message with a value in each field; of oneofs in the field of that number, counted from 0. */
function fill(schema: DescMessage, choice: number): Message {
  const message = reflect(schema, create(schema));
  for (const field of schema.fields) {
    const { oneof } = field;
    if (oneof !== undefined && oneof.fields[choice % oneof.fields.length] !== field) continue;
    if (field.fieldKind === "list") message.get(field).add(sampleValue(field, choice) as never);
    else if (field.fieldKind === "map") message.get(field).set("key", sampleValue(field, choice) as never);
    else message.set(field, sampleValue(field, choice));
  }
  return message.message;
}

function sampleValue(field: DescField, choice: number): unknown {
  const { message, scalar, enum: kind } = field;
  if (message !== undefined) return reflect(message, sampleOf(message, choice));
  if (kind !== undefined) return kind.values[1]?.number;
  switch (scalar) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return WIDE;
    case ScalarType.STRING:
      return "text";
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return new Uint8Array([1, 2, 254]);
    case ScalarType.DOUBLE:
      return 0.5;
    default:
      return 3;
  }
}

function sampleOf(schema: DescMessage, choice: number): Message {
  if (schema.typeName === "google.protobuf.Timestamp")
    return create(schema, { seconds: 1n, nanos: 5_000_000 } as never);
  if (schema.typeName === "google.protobuf.Value")
    return create(schema, { kind: { case: "numberValue", value: 1.5 } } as never);
  if (schema.typeName === "google.protobuf.Struct") return create(schema);
  return fill(schema, choice);
}

test("printNode() equals protobuf's JSON for any fields", () => {
  const choices = Math.max(1, ...NodeSchema.oneofs.map(({ fields }) => fields.length));
  for (let choice = 0; choice < choices; choice++) {
    const message = fill(NodeSchema, choice);
    expect(JSON.parse(printNode(Node.decode(toBinary(NodeSchema, message as never))))).toEqual(
      toJson(NodeSchema, message as never),
    );
  }
});
