import fc from "fast-check";
import { expect, test } from "vitest";
import { mapTexts } from "./json_texts.ts";

/** Maps the texts, names and numbers of a value as `mapTexts` maps those of its JSON. */
function mapValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapValue(item, change));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapValue(item, change)]));
  }
  const text = JSON.stringify(value);
  const changed = change(text);
  return changed === text ? value : changed;
}

/** JSON in another notation: all texts escaped, blanks between all tokens. */
function spelled(json: string): string {
  return mapTexts(json, (text) => text)
    .replaceAll(
      /"(?:[^"\\]|\\.)*"/g,
      (text) =>
        `"${Array.from({ length: JSON.parse(text).length }, (_, at) => `\\u${JSON.parse(text).charCodeAt(at).toString(16).padStart(4, "0").toUpperCase()}`).join("")}"`,
    )
    .replaceAll(/([,:{}[\]])/g, " \n$1\t");
}

const value = fc.jsonValue({ stringUnit: "binary" });
const change = (text: string): string => (text.length % 2 === 0 ? `${text}"\\ud` : text);

test("mapTexts() reads texts, names and numbers as JSON.parse does, in any notation", () => {
  fc.assert(
    fc.property(value, (any) => {
      const json = JSON.stringify(any);
      const expected = mapValue(JSON.parse(json), change);
      expect(JSON.parse(mapTexts(json, change))).toEqual(expected);
      expect(JSON.parse(mapTexts(spelled(json), change))).toEqual(expected);
    }),
  );
});

test("mapTexts() keeps the notation of what is not changed", () => {
  fc.assert(
    fc.property(value, (any) => {
      for (const json of [JSON.stringify(any), spelled(JSON.stringify(any)), JSON.stringify(any, undefined, 2)])
        expect(mapTexts(json, (text) => text)).toBe(json);
    }),
  );
});

test("mapTexts() accepts JSON of any depth", () => {
  const deep = `${"[".repeat(100_000)}"a"${"]".repeat(100_000)}`;
  expect(mapTexts(deep, () => "b")).toBe(deep.replace("a", "b"));
});
