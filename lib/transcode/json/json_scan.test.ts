import fc from "fast-check";
import { expect, test } from "vitest";
import { countJson, endOfValue, findDuplicateName, findMember, JsonCounter } from "./json_scan.ts";

/** The number of values and member names. */
function count(json: unknown): number {
  if (typeof json !== "object" || json === null) return 1;
  const inner = Object.values(json).reduce((sum: number, each) => sum + count(each), 1);
  return Array.isArray(json) ? inner : inner + Object.keys(json).length;
}

test("countJson() counts values and names, however the text is cut and indented", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(4), fc.integer({ min: 1, max: 9 }), (json, indent, size) => {
      const text = Buffer.from(JSON.stringify(json, undefined, indent));
      expect(countJson(text)).toBe(count(json));
      const counter = new JsonCounter();
      for (let start = 0; start < text.length; start += size) counter.add(text.subarray(start, start + size));
      expect(counter.count).toBe(count(json));
    }),
  );
});

test("findDuplicateName() finds none in what JSON.stringify() printed", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect(findDuplicateName(Buffer.from(JSON.stringify(json)), json)).toBeUndefined();
    }),
  );
});

test.each([
  ['{"a":1,"a":2}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['[{"b":{"a":1}},{"b":[],"c":"b","b":1}]', "b"],
  ['{"a\\"":1, "a\\"" : 2}', 'a"'],
  ['{"a":{"a":{"a":[{"a":1}]}}}', undefined],
  ['["a","a",{"b":"a","a":"b"}]', undefined],
  ['"a"', undefined],
])("findDuplicateName() of %s is %s", (text, name) => {
  expect(findDuplicateName(Buffer.from(text), JSON.parse(text))).toBe(name);
});

test("findMember() and endOfValue() find each member of an object, however it is indented", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), fc.nat(3), (json, indent) => {
      const text = Buffer.from(JSON.stringify(json, undefined, indent));
      for (const [name, value] of Object.entries(json)) {
        const start = findMember(text, 0, name);
        if (start === undefined) expect(JSON.stringify(name)).toContain("\\");
        else expect(JSON.parse(text.toString("utf8", start, endOfValue(text, start)))).toEqual(value);
      }
      expect(findMember(text, 0, "a name that none has")).toBeUndefined();
    }),
  );
});
