import { expect, test } from "vitest";
import { hasInfinity, nestsDeeper } from "./nesting.ts";

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
