import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readExclusion, readPatterns } from "./expressions.ts";
import { printDurations, printRange } from "./ranges.ts";
import { toEcmaPattern } from "./re2.ts";

test("printRange() matches exactly the numbers of the range", () => {
  const number = fc.oneof(fc.bigInt(-2000n, 2000n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n));
  fc.assert(
    fc.property(number, number, fc.array(number, { minLength: 20 }), (one, other, others) => {
      const [min, max] = one < other ? [one, other] : [other, one];
      const pattern = new RegExp(`^${printRange(min, max)}$`, "u");
      for (const each of [min - 1n, min, min + 1n, max - 1n, max, max + 1n, ...others]) {
        expect([each, pattern.test(String(each))]).toEqual([each, min <= each && each <= max]);
      }
    }),
  );
});

describe("printDurations()", () => {
  const nanos = (seconds: number) => BigInt(seconds) * 1_000_000_000n;
  const from = (seconds: number, isExclusive = false) => ({ nanos: nanos(seconds), isExclusive });

  test.each([
    ["any", {}, ["0s", "1.5s", "-2.000000001s"], ["1", "1.s", "1.0000000001s", "s"]],
    ["above 0", { min: from(0, true) }, ["0.5s", "0.500s", "1s", "99999999999s"], ["0s", "0.000s", "-1s"]],
    ["from 1", { min: from(1) }, ["1s", "1.5s", "20s"], ["0.9s", "0s"]],
    ["from 30", { min: from(30) }, ["30s", "31s", "300s", "30.1s"], ["29.9s", "3s"]],
    ["above 2, to 4", { min: from(2, true), max: from(4) }, ["2.1s", "3.9s", "4s", "4.000s"], ["2s", "4.001s", "5s"]],
    ["from 0, below 1", { min: from(0), max: from(1, true) }, ["0s", "0.999s"], ["1s", "1.0s"]],
  ])("matches only durations within its bounds: %s", (_, bounds, taken, refused) => {
    const pattern = new RegExp(printDurations(bounds) ?? "(?!)", "u");
    expect([...taken, ...refused].filter((text) => pattern.test(text))).toEqual(taken);
  });

  test("returns undefined for negative bounds and fractions of seconds", () => {
    expect(printDurations({ min: { nanos: 1n, isExclusive: false } })).toBeUndefined();
    expect(printDurations({ max: from(1) })).toBeUndefined();
  });
});

test.each([
  ["^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$", "^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$"],
  ["\\Aa.b\\z", "^a[^\\n]b$"],
  ["(?P<year>\\d{4})\\s(?:x)", "(?<year>\\d{4})[\\t\\n\\f\\r ](?:x)"],
  ["[[:alpha:]_]+[^]x]", "[A-Za-z_]+[^\\]x]"],
  ["\\pL\\P{Nd}\\p{L}", "\\p{L}\\P{Nd}\\p{L}"],
  ["\\x{1F600}\\x{20AC}\\x41\\a", "😀\\u20ac\\x41\\x07"],
  ["[\u0000-\u001f]\\@", "[\\x00-\\x1f]@"],
  ["(?i)a", undefined],
  ["\\p{Greek}", undefined],
  ["\\Qa.b\\E", undefined],
  ["\\C", undefined],
])("the RE2 pattern %j is %j for ECMA-262", (re2, ecma) => {
  expect(toEcmaPattern(re2)).toBe(ecma);
});

test.each([
  ["this.matches('^a$')", [{ pattern: "^a$", isNegated: false }]],
  [
    "!this.contains('\\x00') && this.startsWith(\"a.\")",
    [
      { pattern: "\\x00", isNegated: true },
      { pattern: "^a\\.", isNegated: false },
    ],
  ],
  ["this.endsWith(r'\\d')", [{ pattern: "\\\\d$", isNegated: false }]],
  ["this.matches('a') || this.matches('b')", undefined],
  ["size(this) > 1", undefined],
  ["this.matches('\\q')", undefined],
])("the CEL rule %j of a text is %j", (expression, patterns) => {
  expect(readPatterns(expression)).toEqual(patterns);
});

test.each([
  ["!(this.force && this.drain)", ["force", "drain"]],
  ["this.context == '' || !has(this.context_settings)", ["context", "context_settings"]],
  ["!has(this.a) || !has(this.b)", ["a", "b"]],
  ["this.a <= this.b", undefined],
])("the CEL rule %j of a message excludes %j", (expression, fields) => {
  expect(readExclusion(expression)).toEqual(fields);
});
