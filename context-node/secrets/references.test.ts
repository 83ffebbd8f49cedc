import fc from "fast-check";
import { expect, test } from "vitest";
import { isSecretName, namesIn, resolveReferences } from "./references.ts";

test("references are values that begin with secret: at any depth", () => {
  const config = {
    a: "secret:one",
    b: ["secret:two", { c: "secret:one" }],
    "secret:key": "no secret:here",
    d: "secret",
  };
  expect(namesIn(JSON.stringify(config))).toEqual(["one", "two"]);
  const secrets = new Map([
    ["one", 'first "1"'],
    ["two", "secret:one"],
  ]);
  expect(JSON.parse(resolveReferences(JSON.stringify(config), secrets))).toEqual({
    a: 'first "1"',
    b: ["secret:one", { c: 'first "1"' }],
    "secret:key": "no secret:here",
    d: "secret",
  });
});

test("a config without references stays unchanged", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(namesIn(json)).toEqual([]);
    }),
  );
  const hostile = '{"__proto__":{"a":"secret:one"},"constructor":"secret:one"}';
  expect(resolveReferences(hostile, new Map([["one", "1"]]))).toBe('{"__proto__":{"a":"1"},"constructor":"1"}');
});

test.each(["db-password", "a", "tls.key", "A_1", "9"])("%s is a name of a secret", (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "..data", "-a", "a b", "a\0", "a\n", "ä", "x".repeat(129)])(
  "%j is none",
  (name) => {
    expect(isSecretName(name)).toBe(false);
  },
);
