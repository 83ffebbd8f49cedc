import {
  create,
  createFileRegistry,
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonValue,
  setExtension,
  type UnknownField,
} from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import {
  type DescriptorProto,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  MessageOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { expect, test } from "vitest";
import { FieldRulesSchema, fieldRules, MessageRulesSchema, messageRules, oneofRules } from "../../../proto/mod.ts";
import { passesPrecheck } from "./precheck.ts";

const validator = createValidator();
const options = { registry: createRegistry(fieldRules, messageRules, oneofRules) };

const text = { name: "text", number: 1, type: "TYPE_STRING", label: "LABEL_OPTIONAL" };
const number = { name: "number", number: 2, type: "TYPE_INT32", label: "LABEL_OPTIONAL" };
const short = { ...text, options: { "[buf.validate.field]": { string: { maxLen: "1" } } } };
const message = { type: "TYPE_MESSAGE", label: "LABEL_OPTIONAL" };
const mapEntry = { name: "MapEntry", options: { mapEntry: true } };

/** A message type `Made` from a JSON descriptor, in a file with `Inner`, whose `text` has at most one character. */
function made(descriptor: Readonly<Record<string, JsonValue>>, alter = (_: DescriptorProto): void => {}): DescMessage {
  const file = {
    name: "made.proto",
    package: "made",
    syntax: "proto3",
    messageType: [
      { name: "Inner", field: [short] },
      { name: "Made", ...descriptor },
    ],
  };
  const set = fromJson(FileDescriptorSetSchema, { file: [file] }, options);
  const type = set.file[0]?.messageType[1];
  if (type !== undefined) alter(type);
  const desc = createFileRegistry(set).getMessage("made.Made");
  if (desc === undefined) throw new Error("made.Made");
  return desc;
}

const nested = made({
  field: [
    { name: "list", number: 1, type: "TYPE_MESSAGE", label: "LABEL_REPEATED", typeName: ".made.Inner" },
    { name: "map", number: 2, type: "TYPE_MESSAGE", label: "LABEL_REPEATED", typeName: ".made.Made.MapEntry" },
    { ...message, name: "next", number: 3, typeName: ".made.Made" },
  ],
  nestedType: [
    {
      ...mapEntry,
      field: [
        { ...text, name: "key" },
        { ...message, name: "value", number: 2, typeName: ".made.Inner" },
      ],
    },
  ],
});

test.each([
  [{}, true],
  [{ list: [{ text: "a" }, { text: "b" }], map: { k: { text: "a" } } }, true],
  [{ list: [{ text: "a" }, { text: "ab" }] }, false],
  [{ map: { k: { text: "a" }, l: { text: "ab" } } }, false],
  [{ next: { next: { list: [{ text: "a" }] } } }, true],
  [{ next: { next: { list: [{ text: "ab" }] } } }, false],
])("passesPrecheck() follows lists, maps and messages within themselves: %j", (init, expected) => {
  const value = create(nested, init);
  expect(validator.validate(nested, value).kind === "valid").toBe(expected);
  expect(passesPrecheck(nested, value)).toBe(expected);
});

const any = { cel: [{ id: "any", message: "any", expression: "true" }] };
const noZ = { string: { notContains: "z" } };
const intKeys = {
  ...mapEntry,
  field: [
    { ...number, name: "key", number: 1 },
    { ...text, name: "value", number: 2 },
  ],
};

/** Each rule with a message that satisfies it. */
const undecided: Readonly<Record<string, [Readonly<Record<string, JsonValue>>, Record<string, unknown>]>> = {
  "a rule of texts": [{ field: [withRules(text, noZ)] }, {}],
  "a rule of numbers": [{ field: [withRules(number, { int32: { lt: 5 } })] }, {}],
  "a rule of elements": [
    { field: [withRules({ ...text, label: "LABEL_REPEATED" }, { repeated: { items: noZ } })] },
    { text: ["a"] },
  ],
  "a rule of keys that are numbers": [
    {
      field: [
        withRules(
          { name: "map", number: 1, type: "TYPE_MESSAGE", label: "LABEL_REPEATED", typeName: ".made.Made.MapEntry" },
          { map: { keys: { int32: { gte: 1 } } } },
        ),
      ],
      nestedType: [intKeys],
    },
    { map: { 1: "a" } },
  ],
  "an expression on a field": [{ field: [withRules(text, any)] }, {}],
  "an expression on the message": [{ field: [text], options: { "[buf.validate.message]": any } }, {}],
  "fields of which one may be set": [
    { field: [text, number], options: { "[buf.validate.message]": { oneof: [{ fields: ["text", "number"] }] } } },
    {},
  ],
  "a required oneof": [
    {
      field: [{ ...text, oneofIndex: 0 }],
      oneofDecl: [{ name: "one", options: { "[buf.validate.oneof]": { required: true } } }],
    },
    { one: { case: "text", value: "a" } },
  ],
  "a field with rules in a oneof": [
    { field: [{ ...short, oneofIndex: 0 }], oneofDecl: [{ name: "one" }] },
    { one: { case: "text", value: "a" } },
  ],
};

test.each(Object.entries(undecided))("passesPrecheck() leaves %s to the validator", (_, [descriptor, init]) => {
  const desc = made(descriptor);
  const value = create(desc, init);
  expect(validator.validate(desc, value).kind).toBe("valid");
  expect(passesPrecheck(desc, value)).toBe(false);
});

test("passesPrecheck() passes a message without the part that it would leave to the validator", () => {
  const inner = { name: "Part", field: [text], options: { "[buf.validate.message]": any } };
  const desc = made({
    field: [{ ...message, name: "part", number: 1, typeName: ".made.Made.Part" }],
    nestedType: [inner],
  });
  expect(passesPrecheck(desc, create(desc))).toBe(true);
  expect(passesPrecheck(desc, create(desc, { part: {} }))).toBe(false);
});

test("passesPrecheck() leaves to the validator the rules that are unknown fields", () => {
  const ofField = create(FieldRulesSchema, { type: { case: "string", value: { maxLen: 5n } } });
  ofField.$unknown = [celExpression(29, "this != 'ab'")];
  const ofMessage = create(MessageRulesSchema);
  ofMessage.$unknown = [celExpression(5, "this.text != 'ab'")];
  const types = [
    made({ field: [text] }, ({ field: [field] }) => {
      if (field === undefined) return;
      field.options = create(FieldOptionsSchema);
      setExtension(field.options, fieldRules, ofField);
    }),
    made({ field: [text] }, (type) => {
      type.options = create(MessageOptionsSchema);
      setExtension(type.options, messageRules, ofMessage);
    }),
  ];
  for (const desc of types) {
    const value = create(desc, { text: "ab" });
    expect(validator.validate(desc, value).kind).toBe("invalid");
    expect(passesPrecheck(desc, value)).toBe(false);
  }
});

/** `cel_expression` of a newer validate.proto. */
function celExpression(no: number, expression: string): UnknownField {
  const bytes = new TextEncoder().encode(expression);
  return { no, wireType: WireType.LengthDelimited, data: Uint8Array.of(bytes.length, ...bytes) };
}

function withRules(field: Readonly<Record<string, JsonValue>>, rules: JsonValue): JsonValue {
  return { ...field, options: { "[buf.validate.field]": rules } };
}
