import fc from "fast-check";
import { expect, test } from "vitest";
import { resultJson } from "../sandbox/results/result_json.ts";

/** What a value's JSON is, or why it has none. */
function outcome(write: (value: unknown) => string | undefined, value: unknown): unknown {
  try {
    return write(value);
  } catch (error) {
    return String(error);
  }
}

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
  toJSON(key: string): string {
    return `${key}=${this.cents}`;
  }
}

class Listed extends Array<number> {
  toJSON(key: string) {
    return { key, sum: this.reduce((sum, item) => sum + item, 0) };
  }
}

const again = { toJSON: (): unknown => again, kept: 1 };
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

test.for<[string, () => unknown]>([
  ["toJSON that returns its own object", () => again],
  ["toJSON that returns an object with toJSON", () => ({ toJSON: () => new Money(5) })],
  ["toJSON with its key, at the root and below", () => [new Money(1), { price: new Money(2), all: [[new Money(3)]] }]],
  ["toJSON of an array", () => ({ list: Listed.from([1, 2]), own: Object.assign([1], { toJSON: () => "own" }) })],
  ["toJSON of a Map", () => [Object.assign(new Map([[1, 2]]), { toJSON: (key: string) => key })]],
  ["toJSON of a function", () => [Object.assign(() => {}, { toJSON: (key: string) => key })]],
  ["toJSON that returns undefined", () => [{ a: { toJSON() {} } }, { toJSON() {} }]],
  ["toJSON that is no function", () => ({ toJSON: 5, at: new Date(0) })],
  [
    "toJSON that throws",
    () => [
      {
        toJSON: () => {
          throw new RangeError("no");
        },
      },
    ],
  ],
  ["boxed values", () => [Object("a"), Object(5), Object(false), Object(Symbol("s")), Object(Number.NaN)]],
  [
    "boxed values of a class",
    () => [
      new (class extends String {
        override toString() {
          return "own";
        }
      })("a"),
    ],
  ],
  ["holes", () => [Object.assign(new Array(3), { 1: new Date(0) }), new Array(2)]],
  ["numbers that JSON lacks", () => [-0, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)]],
  ["lone surrogates", () => ({ "\ud800": "\udc00a", at: new Date(0) })],
  ["raw JSON", () => [rawJson("12345678901234567890"), new Date(0)]],
  ["keys in their order", () => ({ b: 1, 2: new Date(0), a: 2, 1: 3 })],
  ["a key named __proto__", () => JSON.parse('{"__proto__":{"toJSON":1},"a":[{}]}')],
  ["a proxy", () => new Proxy({ a: 1, b: 2 }, { ownKeys: () => ["b", "a"], get: (_, key) => key })],
  [
    "a getter that throws",
    () => ({
      get a() {
        throw new RangeError("no");
      },
    }),
  ],
  ["an error and a pattern", () => [new Error("no"), /a/]],
])("resultJson() writes %s as JSON.stringify does", ([, make]) => {
  expect(outcome(resultJson, make())).toBe(outcome(JSON.stringify, make()));
});

test("resultJson() calls a getter once", () => {
  let calls = 0;
  expect(
    resultJson({
      get count() {
        return ++calls;
      },
    }),
  ).toBe('{"count":1}');
});

test("resultJson() heeds a toJSON of BigInt", () => {
  const prototype = BigInt.prototype as { toJSON?: () => string };
  prototype.toJSON = function (this: bigint) {
    return `${this}n`;
  };
  try {
    expect(resultJson([5n])).toBe('["5n"]');
  } finally {
    delete prototype.toJSON;
  }
});

test("resultJson() writes values of any depth, and finds a cycle far down", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 50_000; level++) deep = level % 2 === 0 ? [deep] : { deep };
  expect(resultJson(deep)).toBe(JSON.stringify(deep));
  const bottom: unknown[] = [];
  let ring: unknown = bottom;
  for (let level = 0; level < 200; level++) ring = [ring];
  bottom.push(ring);
  expect(() => resultJson(ring)).toThrow(/^Cannot represent the result as JSON: result(\[0\]){201} contains itself$/);
});

test("resultJson() writes what is shared but no cycle as often as it is there", () => {
  const shared = new Map([["a", new Date(0)]]);
  expect(resultJson({ first: shared, second: [shared] })).toBe(
    '{"first":{"a":"1970-01-01T00:00:00.000Z"},"second":[{"a":"1970-01-01T00:00:00.000Z"}]}',
  );
});

/** Values as programs make them, of which JSON.stringify takes all. */
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.constantFrom(undefined, null, true, -0),
    fc.date({ noInvalidDate: false }),
    fc.string().map((text) => Object(text)),
    fc.double().map((number) => Object(number)),
    fc.boolean().map((flag) => Object(flag)),
    fc.integer().map((cents) => new Money(cents)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.sparseArray(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "2", "1")), tie("value"), { maxKeys: 4 }),
    tie("value").map((inner) => ({ toJSON: (key: string) => ({ key, inner }) })),
    tie("value").map((inner) =>
      Object.create({ inherited: 1 }, { own: { value: inner, enumerable: true }, hidden: { value: 1 } }),
    ),
    tie("value").map((inner) => ({
      get inner() {
        return inner;
      },
    })),
    tie("value").map((inner) => new Proxy({ inner }, {})),
  ),
})).value;

test("resultJson() writes whatever JSON.stringify writes as that does", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(resultJson(value)).toBe(JSON.stringify(value));
    }),
    { numRuns: 1000 },
  );
});
