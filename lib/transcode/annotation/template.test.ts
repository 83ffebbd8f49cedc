import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTemplate, printTemplate } from "./template.ts";

test("parseTemplate() reads every element of the grammar", () => {
  expect(parseTemplate("/v1/{name=shelves/*}/*/a%3Ab/{book.id}/{path=**}:undo")).toEqual({
    segments: [
      { type: "literal", text: "v1" },
      { type: "literal", text: "shelves" },
      { type: "any" },
      { type: "any" },
      { type: "literal", text: "a:b" },
      { type: "any" },
      { type: "rest" },
    ],
    variables: [
      { fieldPath: ["name"], start: 1, end: 3 },
      { fieldPath: ["book", "id"], start: 5, end: 6 },
      { fieldPath: ["path"], start: 6, end: 7 },
    ],
    verb: "undo",
  });
});

test("parseTemplate() takes a colon in a segment before the last for a part of it", () => {
  expect(parseTemplate("/a:b/c").segments[0]).toEqual({ type: "literal", text: "a:b" });
});

test.each([
  ["", "it has no segments"],
  ["v1", 'expected "/" at position 0'],
  ["/", '"" is not a literal'],
  ["/v1/", '"" is not a literal'],
  ["/v1//a", '"" is not a literal'],
  ["/v1/{name", 'no "}"'],
  ["/v1/{}", '"" is not a field path'],
  ["/v1/{a.}", '"a." is not a field path'],
  ["/v1/{a=}", '"" is not a literal'],
  ["/v1/{a={b}}", '"{b" is not a literal'],
  ["/v1/{a}b", 'expected "/"'],
  ["/v1/a{b}", '"a{b}" is not a literal'],
  ["/v1/**/a", '"**" must be the last segment'],
  ["/v1/{a=**}/b", '"**" must be the last segment'],
  ["/v1/{a}/{a}", "{a} twice"],
  ["/v1/a:", '"" is not a literal'],
  ["/v1/a b", '"a b" is not a literal'],
  ["/v1/%zz", '"%zz" is not a literal'],
  ["/v1/%ff", '"%ff" is not a literal'],
  ["/v1/***", '"***" is not a literal'],
])("parseTemplate() refuses %j and says why", (text, reason) => {
  expect(() => parseTemplate(text)).toThrow(reason);
});

test("printTemplate() is undone by parseTemplate()", () => {
  fc.assert(
    fc.property(template(), (text) => {
      const parsed = parseTemplate(text);
      const printed = printTemplate(parsed);
      expect(parseTemplate(printed)).toEqual(parsed);
      expect(printTemplate(parseTemplate(printed))).toBe(printed);
    }),
  );
});

/** Well-formed templates. */
function template(): fc.Arbitrary<string> {
  const literal = fc
    .string({ minLength: 1, maxLength: 6, unit: "grapheme" })
    .map((text) => encodeURIComponent(text).replaceAll("*", "%2A"));
  const plain = fc.oneof(literal, fc.constant("*"));
  const pattern = fc.array(plain, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
  const variable = fc
    .option(pattern)
    .map((inner) => (name: string) => (inner === null ? `{${name}}` : `{${name}=${inner}}`));
  const segment = fc.oneof(
    plain.map((text) => () => text),
    variable,
  );
  const last = fc.constantFrom("", "/**", "/{rest=**}", "/{rest=a/**}");
  const verb = fc.option(literal.map((text) => `:${text}`)).map((text) => text ?? "");
  return fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), last, verb)
    .map(
      ([segments, end, tail]) => `${segments.map((each, index) => `/${each(`f${index}.g`)}`).join("")}${end}${tail}`,
    );
}
