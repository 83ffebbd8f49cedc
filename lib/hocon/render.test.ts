import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHocon, renderConfig } from "./mod.ts";

describe("renderConfig()", () => {
  test("prints as Typesafe's library does", () => {
    const config = parseHocon(`b = [1, {c = "x\\"y"}], a.d = null, a.c = true, "10" = x, "9" = y, e = {}, f = []`);
    expect(renderConfig(config)).toBe(`{
    "9" : "y",
    "10" : "x",
    "a" : {
        "c" : true,
        "d" : null
    },
    "b" : [
        1,
        {
            "c" : "x\\"y"
        }
    ],
    "e" : {},
    "f" : []
}
`);
    expect(renderConfig(parseHocon(""))).toBe("{}\n");
  });

  test("prints what parseHocon() reads back", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const config = parseHocon(JSON.stringify(value));
        expect(parseHocon(renderConfig(config))).toEqual(config);
      }),
    );
  });
});

/** Variations of HOCON from JSON. */
interface Style {
  readonly separator: string;
  readonly assign: string;
  readonly hasQuotes: boolean;
  readonly hasBraces: boolean;
}

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

function write(value: Plain, style: Style): string {
  const { separator, assign, hasQuotes } = style;
  if (Array.isArray(value)) return `[${value.map((item) => write(item, style)).join(separator)}]`;
  if (typeof value !== "object" || value === null) return hasQuotes ? JSON.stringify(value) : String(value);
  const fields = Object.entries(value).map(([key, member]) => {
    const isObject = typeof member === "object" && member !== null && !Array.isArray(member);
    return `${hasQuotes ? `"${key}"` : key}${isObject ? "" : assign}${write(member, style)}`;
  });
  return `{${fields.join(separator)}}`;
}

test("parseHocon() reads the same config in every style", () => {
  const word = fc.stringMatching(/^[a-z][a-z-]{0,6}$/).filter((text) => !/^(true|false|null|include)$/.test(text));
  const { config } = fc.letrec<{ value: Plain; config: Record<string, Plain> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      tie("config"),
    ),
    config: fc.dictionary(word, tie("value"), { maxKeys: 4 }),
  }));
  const style = fc.record({
    separator: fc.constantFrom(",", "\n", " ,\n ", " # one\n// two\n"),
    assign: fc.constantFrom("=", ":", " = "),
    hasQuotes: fc.boolean(),
    hasBraces: fc.boolean(),
  });
  fc.assert(
    fc.property(config, style, (value, chosen) => {
      const text = write(value, chosen);
      expect(parseHocon(chosen.hasBraces ? text : text.slice(1, -1))).toEqual(value);
    }),
  );
});

test("parseHocon() reads JSON as JSON.parse() does, but for keys said twice", () => {
  const json = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 5 }));
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(JSON.stringify(parseHocon(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});
