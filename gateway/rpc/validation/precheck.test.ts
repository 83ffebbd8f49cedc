import {
  create,
  type DescField,
  type DescMessage,
  type DescService,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as proto from "../../../proto/mod.ts";
import { arbitraryMessage } from "../../../test/contract/arbitrary_message.ts";
import { SERVICE_NAMES } from "../services/services.ts";
import { passesPrecheck } from "./precheck.ts";
import { oversized } from "./sizes.ts";

type Init = Readonly<Record<string, unknown>>;

/** A value for a field of a request, or of a message within it. */
interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

const exported: readonly unknown[] = Object.values(proto);
const services = exported.filter(isService);
const requests = new Map(
  services.flatMap(({ methods }) => methods).map(({ input }) => [input.typeName, input] as [string, DescMessage]),
);

/** Required fields of valid requests, by name. */
const needed: Init = {
  jobId: "0193a0de-7b1c-7c4e-9f00-0123456789ab",
  context: "bench",
  name: "bench",
  job: { binary: "words" },
  sql: { statement: "SELECT 1" },
  content: { contentType: "text/plain" },
  version: 1,
};

const otherJobs: readonly Init[] = [{ sql: { statement: "SELECT 1" } }, { binary: "words", contextSettings: {} }];

/** A message with expressions that are not in the table. */
const UNDECIDED: DescMessage = proto.UploadFileRequestSchema;

const validator = createValidator();

function isValid(desc: DescMessage, message: Message): boolean {
  return validator.validate(desc, message).kind === "valid" && oversized(desc, message).length === 0;
}

/** Valid requests of a type: the default one, and for requests with a job some with other jobs. */
function startsOf({ fields }: DescMessage): [Init, ...Init[]] {
  const names = fields.map(({ localName }) => localName).filter((name) => name in needed);
  const plain = Object.fromEntries(names.map((name) => [name, needed[name]]));
  return [plain, ...("job" in plain ? otherJobs.map((job) => ({ ...plain, job })) : [])];
}

function changed(init: Init, { path: [name = "", ...path], value }: Change): Init {
  const inner = path.length === 0 ? value : changed((init[name] as Init) ?? {}, { path, value });
  return { ...init, [name]: inner };
}

/** Each field of a message, and of messages within it, with each of its values. */
function changesOf(desc: DescMessage, values: (field: DescField) => readonly unknown[]): Change[] {
  return desc.fields.flatMap((field) => {
    const path = [field.localName];
    const own = values(field).map((value) => ({ path, value }));
    if (field.fieldKind !== "message" || !field.message.typeName.startsWith("hearth.")) return own;
    const inner = changesOf(field.message, values);
    return [...own, ...inner.map((change) => ({ ...change, path: [...path, ...change.path] }))];
  });
}

test("the requests of all served services are tested", () => {
  expect(new Set(services.map(({ typeName }) => typeName))).toEqual(SERVICE_NAMES);
  expect(requests.size).toBeGreaterThan(25);
});

describe.each([...requests.values()].map((desc) => [desc.name, desc] as const))("passesPrecheck() of %s", (_, desc) => {
  const starts = startsOf(desc);
  const [plain] = starts;

  test("passes plain messages", () => {
    for (const start of starts) {
      const message = create(desc, start);
      expect(isValid(desc, message)).toBe(true);
      expect(passesPrecheck(desc, message)).toBe(desc !== UNDECIDED);
    }
  });

  test("agrees with the validator on values at the limits of each field", () => {
    for (const change of changesOf(desc, limitsOf)) {
      const message = create(desc, changed(plain, change));
      const expected = desc !== UNDECIDED && isValid(desc, message);
      expect([change, passesPrecheck(desc, message)]).toEqual([change, expected]);
    }
  });

  test("agrees with the validator on two fields together", () => {
    const changes = changesOf(desc, (field) => limitsOf(field).slice(0, 4));
    const pairs = changes.flatMap((one, index) => changes.slice(0, index).map((other) => [other, one]));
    for (const start of starts) {
      const different = pairs.find((pair) => {
        const message = create(desc, pair.reduce(changed, start));
        return passesPrecheck(desc, message) !== (desc !== UNDECIDED && isValid(desc, message));
      });
      expect(different).toBeUndefined();
    }
  });

  test("passes no message in which the validator finds a violation", () => {
    const oddChanges = changesOf(desc, oddValuesOf);
    const changes = [...changesOf(desc, limitsOf), ...oddChanges];
    const some = changes.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...changes), { maxLength: 4 });
    const oneOfStarts = fc.constantFrom(...starts);
    const fromStart = fc.tuple(oneOfStarts, some).map(([start, made]) => create(desc, made.reduce(changed, start)));
    const property = fc.property(fc.oneof(fromStart, arbitraryMessage(desc)), (message) => {
      if (passesPrecheck(desc, message)) expect(isValid(desc, message)).toBe(true);
    });
    const examples = oddChanges.map((change): [Message] => [create(desc, changed(plain, change))]);
    fc.assert(property, { numRuns: 200 + examples.length, examples });
  });
});

const LENGTHS = [0, 1, 63, 64, 128, 129, 255, 256, 257, 512, 513, 1024, 1025, 2048, 2049, 1_048_576, 1_048_577];

const TEXTS = [
  "",
  "a",
  "*",
  "=",
  "\0",
  "0193a0de-7b1c-7c4e-9f00-0123456789ab",
  "0193A0DE-7B1C-7C4E-9F00-0123456789AB",
  "0193a0de7b1c7c4e9f000123456789ab",
  "0193a0de-7b1c-7c4e-9f00-0123456789ab\n",
  "0193a0de-7b1c-7c4e-9f00-0123456789abc",
  "0193a0de-7b1c-7c4e-9f00-0123456789ag",
  "A.b_c~d-9",
  "9z",
  "-a",
  "a b",
  "a\n",
  "a*",
  "a=b",
  "a\0b",
  "a/b",
  "[::1]:80",
  "a\\b",
  "é",
  ...LENGTHS.map((length) => "a".repeat(length)),
];

const NUMBERS = [1, -1, 0, 2, 100, 101, 1000, 1001, -1000, -1001, 1024, 1025, 1_000_000, 1_000_001, 2 ** 31 - 1];

const LONGS = [
  33_554_432n,
  536_870_912n,
  536_870_913n,
  1_099_511_627_776n,
  1_099_511_627_777n,
  33_554_431n,
  0n,
  -1n,
  1n,
];

const DOUBLES = [0.5, -0.5, 0, -0, -Number.MIN_VALUE, 4096, 4096.000_001, Number.NaN, Infinity, -Infinity];

const DURATIONS = [
  [1n, 0],
  [0n, 0],
  [0n, 1],
  [0n, 999_999_999],
  [1n, 1],
  [2n, 0],
  [-1n, 0],
  [0n, -1],
  [315_576_000_000n, 0],
].map(([seconds, nanos]) => ({ seconds, nanos }));

/** Values at the limits of the rules in use, first those that differ from the default. */
function limitsOf(field: DescField): readonly unknown[] {
  switch (field.fieldKind) {
    case "scalar":
      return scalarsOf(field.scalar);
    case "enum":
      return [...field.enum.values.map(({ number }) => number), 99, -1];
    case "list":
      return listsOf(field);
    case "map":
      return mapsOf(field.mapKind === "scalar" ? scalarsOf(field.scalar) : []);
    case "message":
      return messagesOf(field.message);
    default:
      return field satisfies never;
  }
}

function scalarsOf(type: ScalarType): readonly unknown[] {
  switch (type) {
    case ScalarType.STRING:
      return ["b", ...TEXTS];
    case ScalarType.BOOL:
      return [true, false];
    case ScalarType.BYTES:
      return [new Uint8Array(1)];
    case ScalarType.DOUBLE:
      return DOUBLES;
    case ScalarType.UINT32:
      return NUMBERS.filter((number) => number >= 0);
    case ScalarType.INT32:
    case ScalarType.SINT32:
      return NUMBERS;
    case ScalarType.UINT64:
      return LONGS.filter((number) => number >= 0);
    case ScalarType.INT64:
      return LONGS;
    default:
      throw new Error(`No values of scalar type ${type}`);
  }
}

function listsOf(field: DescField & { fieldKind: "list" }): readonly unknown[] {
  if (field.listKind === "message") return [[{}]];
  const elements = field.listKind === "enum" ? field.enum.values.map(({ number }) => number) : scalarsOf(field.scalar);
  const [first] = elements;
  const sizes = [1, 0, 255, 256, 257].map((size) => Array.from({ length: size }, () => first));
  return [...sizes, ...elements.map((element) => [first, element])];
}

function mapsOf(values: readonly unknown[]): readonly unknown[] {
  const [first] = values;
  const sizes = [1, 0, 64, 65, 1024, 1025].map((size) =>
    Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, first])),
  );
  return [...sizes, ...TEXTS.map((key) => ({ [key]: first })), ...values.map((value) => ({ first, k: value }))];
}

function messagesOf({ typeName }: DescMessage): readonly unknown[] {
  if (typeName === "google.protobuf.Duration") return DURATIONS;
  if (typeName === "google.protobuf.Struct") return [{ a: [1, { b: null }] }];
  return [{}, undefined];
}

/** Valid values that the precheck may leave to the validator. */
function oddValuesOf(field: DescField): readonly unknown[] {
  if (field.message?.typeName === "google.protobuf.Duration") {
    return [
      [0n, 1_000_000_000],
      [1n, -1],
      [2n, -1_500_000_000],
      [-1n, 1_500_000_000],
      [315_576_000_001n, 0],
      [2n ** 63n - 1n, 0],
    ].map(([seconds, nanos]) => ({ seconds, nanos }));
  }
  if (field.fieldKind !== "scalar" || field.scalar !== ScalarType.STRING) return [];
  return ["\ud800", "\udc00a", "😀", ...LENGTHS.flatMap((length) => ["😀".repeat(length), "😀".repeat(length / 2)])];
}

function isService(exported: unknown): exported is DescService {
  if (typeof exported !== "object" || exported === null || !("typeName" in exported)) return false;
  return typeof exported.typeName === "string" && SERVICE_NAMES.has(exported.typeName);
}
