import { expect, test } from "vitest";
import { hasInfinity, hasLoneSurrogate, nestsDeeper, wellFormedJson } from "./nesting.ts";

test.each([
  [1, 0],
  [null, 0],
  [{}, 1],
  [{ a: 1, b: "[[[" }, 1],
  [[{}], 2],
  [{ a: 1, b: { c: [2] } }, 3],
])("%j nests %i levels", (json, levels) => {
  expect(nestsDeeper(json, levels)).toBe(false);
  if (levels > 0) expect(nestsDeeper(json, levels - 1)).toBe(true);
});

test.each([
  ["1e308", false],
  ['{"a":[null,"1e400",-1e308]}', false],
  ["1e400", true],
  ['{"a":[0,{"b":-1e400}]}', true],
])("%s has infinity: %s", (json, expected) => {
  expect(hasInfinity(JSON.parse(json))).toBe(expected);
});

test("wellFormedJson() replaces halves of surrogate pairs in names and texts, and changes nothing else", () => {
  const json = { "a\ud800": ["\udc00b", "😀", "\\ud800", null, 1.5], at: { c: true } };
  expect(hasLoneSurrogate(json)).toBe(true);
  expect(wellFormedJson(json)).toBe('{"a\ufffd":["\ufffdb","😀","\\\\ud800",null,1.5],"at":{"c":true}}');
  const plain = { text: "\\ud800", at: ["😀"] };
  expect(hasLoneSurrogate(plain)).toBe(false);
  expect(wellFormedJson(plain)).toBe(JSON.stringify(plain));
});
