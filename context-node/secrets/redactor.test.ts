import fc from "fast-check";
import { expect, test } from "vitest";
import { createRedactor, type Redactor } from "./redactor.ts";

function redactorOf(secrets: Record<string, string>): Redactor {
  const redactor = createRedactor(new Map(Object.entries(secrets).map(([name, value]) => [name, [value]])));
  if (redactor === undefined) throw new Error("there is nothing to redact");
  return redactor;
}

/** Values that do not occur in the mark that replaces them. */
const value = fc
  .oneof(
    fc.string({ minLength: 6, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('"', "\\", "\n", "a", "ü", "😀", "/"), minLength: 6, maxLength: 12 }),
    fc.integer({ min: 100_000 }).map(String),
    fc.json().filter((json) => json.length >= 6),
  )
  .filter((text) => !"[secret NAME]".includes(text.trim()) && text.trim().length >= 6);

/** Texts that contain the value or parts of it. */
function textsWith(secret: string): fc.Arbitrary<string> {
  const part = fc.oneof(
    fc.constantFrom(secret, secret.slice(0, -1), secret.slice(1), JSON.stringify(secret), encodeURIComponent(secret)),
    fc.string({ maxLength: 8 }),
  );
  return fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
}

const valueAndText = value.chain((secret) => fc.tuple(fc.constant(secret), textsWith(secret)));

test("no value remains in a text, plain or in JSON", () => {
  fc.assert(
    fc.property(valueAndText, ([secret, text]) => {
      const redacted = redactorOf({ NAME: secret }).text(text).replaceAll("[secret NAME]", "\0");
      expect(redacted).not.toContain(secret);
      expect(redacted).not.toContain(JSON.stringify(secret).slice(1, -1));
    }),
    { numRuns: 1000 },
  );
});

test("no value remains in JSON, inside or across its texts and numbers, and it stays JSON", () => {
  const json = value.chain((secret) =>
    fc.tuple(
      fc.constant(secret),
      fc.letrec((tie) => ({
        any: fc.oneof(
          { maxDepth: 3 },
          textsWith(secret),
          fc.constant(Number(secret) || 0),
          fc.array(tie("any"), { maxLength: 3 }),
          fc.dictionary(textsWith(secret), tie("any"), { maxKeys: 3 }),
        ),
      })).any,
    ),
  );
  fc.assert(
    fc.property(json, ([secret, content]) => {
      const redacted = redactorOf({ NAME: secret }).json(JSON.stringify(content));
      expect(JSON.stringify(JSON.parse(redacted)).replaceAll("[secret NAME]", "\0")).not.toContain(secret);
    }),
    { numRuns: 1000 },
  );
});

test("text without a value stays unchanged", () => {
  const redactor = redactorOf({ NAME: "correct horse" });
  fc.assert(
    fc.property(fc.string(), fc.json(), (text, json) => {
      expect(redactor.text(text)).toBe(text);
      expect(redactor.json(json)).toBe(json);
    }),
  );
});

test.each([
  ["as it is", "it is pa/ss wörd!", "it is [secret NAME]"],
  ["as a console writes it", "{ key: 'pa/ss\\n\"wörd\"!' }", "{ key: '[secret OTHER]' }"],
  ["twice", "pa/ss wörd!pa/ss wörd!", "[secret NAME][secret NAME]"],
  ["in a URL", "db://me:pa%2Fss%20w%C3%B6rd!@host", "db://me:[secret NAME]@host"],
  ["in base64", btoa("pa/ss w\u00c3\u00b6rd!"), "[secret NAME]"],
])("a value %s is redacted", (_, text, expected) => {
  const redactor = redactorOf({ NAME: "pa/ss wörd!", OTHER: 'pa/ss\n"wörd"!' });
  expect(redactor.text(text)).toBe(expected);
});

test.each(["", "u", "us", "user:"])("a value is redacted from base64 after %j", (before) => {
  const encoded = Buffer.from(`${before}correct horse:more`).toString("base64");
  const redacted = redactorOf({ NAME: "correct horse" }).text(encoded);
  expect(redacted).toContain("[secret NAME]");
  expect(redacted.length).toBeLessThan(encoded.length);
});

test("each line of a value is redacted", () => {
  const redactor = redactorOf({ NAME: "-----BEGIN KEY-----\nMIIEvQIBADAN\n  abcdef012345\nxyz\n" });
  expect(redactor.text("MIIEvQIBADAN, abcdef012345, xyz")).toBe("[secret NAME], [secret NAME], xyz");
});

test("the longer of two values with one beginning is redacted", () => {
  const redactor = redactorOf({ SHORT: "hunter2", LONG: "hunter2hunter3" });
  expect(redactor.text("hunter2hunter3 hunter2hunter")).toBe("[secret LONG] [secret SHORT]hunter");
});

test("values below six bytes are not redacted", () => {
  expect(createRedactor(new Map([["SHORT", ["12345", "a\nb\nc"]]]))).toBeUndefined();
  expect(redactorOf({ NAME: "1234567\nab" }).text("ab 1234567")).toBe("ab [secret NAME]");
});

test.each([
  ["… (7 more characters)", "say [secret NAME]… (7 more characters)"],
  ["... 7 more characters", "say [secret NAME]... 7 more characters"],
])("the beginning of a value is redacted where a text was truncated: %s", (mark, expected) => {
  expect(redactorOf({ NAME: "correct horse" }).text(`say correct${mark}`)).toBe(expected);
});

test("large JSON with a value is omitted completely, without one it stays", () => {
  const redactor = redactorOf({ NAME: "correct horse" });
  const large = JSON.stringify(["x".repeat(8 * 1024 * 1024), "y"]);
  expect(redactor.json(large) === large).toBe(true);
  expect(redactor.json(large.replace("y", "correct horse"))).toBe('"[secret NAME]"');
  expect(() => redactor.jsonPart(large.replace("y", "correct horse"))).toThrow("has a secret in it");
});

test("a text above a megabyte is truncated and shows nothing of the value there", () => {
  const given = `${"x".repeat(1024 * 1024 - 7)}correct horse`;
  const redacted = redactorOf({ NAME: "correct horse" }).text(given);
  expect(redacted.slice(-40)).toBe("xx[secret NAME]… (6 more characters)".padStart(40, "x"));
});

test("keys, numbers and escaped texts of JSON are redacted, and JSON with a spread value is omitted", () => {
  const redactor = redactorOf({ NAME: "123456", OTHER: '"a","b"' });
  expect(redactor.json('{"x123456": 1234567, "\\u0031\\u003234\\u00356": [true, "\\n"]}')).toBe(
    '{"x[secret NAME]": "[secret NAME]7", "[secret NAME]": [true, "\\n"]}',
  );
  expect(redactor.json('["a","b"]')).toBe('"[secret OTHER]"');
});
