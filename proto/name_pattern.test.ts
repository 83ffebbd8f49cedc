import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesName } from "./name_pattern.ts";

test("matchesName() agrees with the same pattern as a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "-", "."), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "*"), maxLength: 8 });
  const property = fc.property(pattern, text, (glob, name) => {
    const source = glob.replaceAll(".", "\\.").replaceAll("*", ".*");
    expect(matchesName(glob, name)).toBe(new RegExp(`^${source}$`).test(name));
  });
  fc.assert(property, {
    numRuns: 2000,
    examples: [
      ["a*a", "a"],
      ["*ab*ab", "abab"],
      ["", ""],
      ["*", ""],
    ],
  });
});

test("matchesName() is fast where a regular expression would not be", () => {
  expect(matchesName(`${"*a".repeat(50)}b`, "a".repeat(100_000))).toBe(false);
});
