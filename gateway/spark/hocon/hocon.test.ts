// biome-ignore-all lint/suspicious/noTemplateCurlyInString: HOCON writes substitutions as JavaScript does
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  HoconError,
  type JsonObject,
  parseDurationMs,
  parseHocon,
  parseSizeBytes,
  renderConfig,
  valueAt,
  withFallback,
} from "./mod.ts";

function refusal(text: string, fallback?: JsonObject): string {
  try {
    return `parsed: ${JSON.stringify(parseHocon(text, { fallback }))}`;
  } catch (error) {
    if (error instanceof HoconError) return error.message;
    throw error;
  }
}

describe("parseHocon() reads what spark-jobserver's clients send:", () => {
  test.each<[string, unknown]>([
    ["", {}],
    [" ", {}],
    ["\n# nothing\n// at all\n", {}],
    ["{}", {}],
    ["input.string = a b c a b see", { input: { string: "a b c a b see" } }],
    ["foo.baz = booboo, spark.master=overriden", { foo: { baz: "booboo" }, spark: { master: "overriden" } }],
    ["stress.test.longpijob.duration = 1", { stress: { test: { longpijob: { duration: 1 } } } }],
    [`input.strings = ["a","b","a","b"]`, { input: { strings: ["a", "b", "a", "b"] } }],
    ["input.strings = ['a','b']", { input: { strings: ["'a'", "'b'"] } }],
    [`sql = "select * from addresses limit 10"`, { sql: "select * from addresses limit 10" }],
    [
      `{dependent-jar-uris = ["file:///a.jar", "b"],\n input.string = "a b"}`,
      { "dependent-jar-uris": ["file:///a.jar", "b"], input: { string: "a b" } },
    ],
    [`dependent-jar-uris=["foo"]`, { "dependent-jar-uris": ["foo"] }],
    [`dependent-jar-uris = "a,b"`, { "dependent-jar-uris": "a,b" }],
    [`cp=["foo"]`, { cp: ["foo"] }],
    ["cp = app1", { cp: "app1" }],
    [`cp = "hdfs:///x"`, { cp: "hdfs:///x" }],
    ["mainClass=spark.jobserver.WordCountExample", { mainClass: "spark.jobserver.WordCountExample" }],
    [
      "spark.context-settings {\n test = 1\n override_me = 3\n}",
      { spark: { "context-settings": { test: 1, override_me: 3 } } },
    ],
    [`{"input.string":"a b"}`, { "input.string": "a b" }],
    [`{"spark.context-settings": {"num-cpu-cores": 2}}`, { "spark.context-settings": { "num-cpu-cores": 2 } }],
    ["test_config=test_config_value", { test_config: "test_config_value" }],
    ["input.string=a%20b", { input: { string: "a%20b" } }],
    ["a = 1 # one\n// two\nb : 2 // three", { a: 1, b: 2 }],
    ["a { b { c = 1 } }", { a: { b: { c: 1 } } }],
    ["a = [1]\na += 2", { a: [1, 2] }],
    ["a += 2", { a: [2] }],
    ["x = [{ a = [1], a += { b = 2 } }]", { x: [{ a: [1, { b: 2 }] }] }],
    [`text = """one\n "two"\\n """"`, { text: 'one\n "two"\\n "' }],
    ["a = ${b.c}\nb { c = [1] }", { a: [1], b: { c: [1] } }],
    ["t = 10 s, u = 40s, v = 10 MiB, w = 512m", { t: "10 s", u: "40s", v: "10 MiB", w: "512m" }],
    ["a { x = 1, z = 1 }\na { y = 2, z = 2 }", { a: { x: 1, y: 2, z: 2 } }],
    ["a = 1\na = 2", { a: 2 }],
    ["a { b = 1 }\na = 2\na { c = 3 }", { a: { c: 3 } }],
  ])("%j", (text, config) => {
    expect(parseHocon(text)).toEqual(config);
  });
});

describe("parseHocon() reads the rest of HOCON:", () => {
  test.each<[string, unknown]>([
    ["\ufeffa = true, b = no, c = null, d = trueish", { a: true, b: "no", c: null, d: "trueish" }],
    [
      "a = -1, b = 1.50, c = 1e3, d = 01, e = 1.2.3, f = -, g = 1e400, h = 2-3",
      { a: -1, b: 1.5, c: 1000, d: 1, e: "1.2.3", f: "-", g: "1e400", h: "2-3" },
    ],
    ["a = 1.50s, b = 10 20", { a: "1.50s", b: "10 20" }],
    [`a = "\\u00e9\\n\\t\\"\\\\\\/" b "c"`, { a: 'é\n\t"\\/ b c' }],
    ["a = [1\n2,\n3,\n]", { a: [1, 2, 3] }],
    ["a = [[1], {b = 2}, x y]", { a: [[1], { b: 2 }, "x y"] }],
    ["a =\n1\nb\n{ c = 1 }", { a: 1, b: { c: 1 } }],
    [`"a.b".c d."" = 1`, { "a.b": { "c d": { "": 1 } } }],
    ["1.5 = x", { 1: { 5: "x" } }],
    ["a = [1] [2, 3]", { a: [1, 2, 3] }],
    ["a = { x = 1, y = 1 } { y = 2 }", { a: { x: 1, y: 2 } }],
    ["a = ${b} { y = 2 }\nb = { x = 1, y = 1 }", { a: { x: 1, y: 2 }, b: { x: 1, y: 1 } }],
    ['path = /usr\npath = ${path}":/bin"', { path: "/usr:/bin" }],
    ["a = [1]\na = ${a} [2]\na = ${a} [3]", { a: [1, 2, 3] }],
    ["bar { foo = 42, baz = ${bar.foo} }\nbar { foo = 43 }", { bar: { foo: 43, baz: 43 } }],
    ["a = { x = 1 }\nb = ${a}\nb.y = 2", { a: { x: 1 }, b: { x: 1, y: 2 } }],
    ["a = 1\na = ${?b}", { a: 1 }],
    ["a = ${?b}, c = [1, ${?b}], d = ${?b}x, e = ${?b} ${?b}", { c: [1], d: "x" }],
    ["a = ${?a}", {}],
    ["a = ${?b}\nb = ${?a}", {}],
    ["n = 5, s = ${n}s, t = ${n}", { n: 5, s: "5s", t: 5 }],
    ["include = 1, include.not = 2, includes = 3", { include: { not: 2 }, includes: 3 }],
  ])("%j", (text, config) => {
    expect(parseHocon(text)).toEqual(config);
  });
});

test.each([
  [
    "Not parseable jobConfig!!",
    "String: 1: Reserved character '!' is not allowed outside quotes: enclose the key or value in double quotes",
  ],
  ["a = 1\n\nb = [1,\n c = }", "String: 4: Expected a value, but found '='"],
  ["a = [1 {} : 2]", "String: 1: Expected a value, but found ':'"],
  ["a = 1}", "String: 1: Expected a comma or a line end, but found '}'"],
  ["a = 1\n}", "String: 2: Expected a key, but found '}'"],
  ["{ a = 1 } }", "String: 1: Nothing may follow the end of the config, but found '}'"],
  ["{ a = 1\n", "String: 2: Expected a key, but found the end of the text"],
  ["a = [1", "String: 1: Expected a comma, a line end or ']', but found the end of the text"],
  ["[1]", "String: 1: A list is not an object: a config is one of keys and values"],
  ["a", `String: 1: The key "a" needs '=', ':' or '{' after it, but found the end of the text`],
  ["a =", "String: 1: Expected a value, but found the end of the text"],
  ["a = 1,, b = 2", "String: 1: Expected a key, but found ','"],
  ["a..b = 1", "String: 1: Expected a key, but found '.'"],
  ["a. = 1", "String: 1: Expected a key, but found '='"],
  [`a = "x\ny"`, "String: 1: A string in quotes does not end on its line"],
  [`a = """x\ny"`, 'String: 1: A string in """ does not end'],
  [`a = "\\x"`, "String: 1: The escape \\x is not known"],
  ["a = 1\nb = ${c}", "String: 2: Could not resolve substitution to a value: ${c}"],
  ["a = ${a}", "String: 1: Could not resolve substitution to a value: ${a}"],
  ["a = ${b}\nb = ${a}", "String: 2: Could not resolve substitution to a value: ${a}"],
  ["a = ${b", "String: 1: A substitution ends with '}', but found the end of the text"],
  ["a = 1\na += 2", "String: 2: Cannot append with += to what is not a list"],
  ["a = [1] x", "String: 1: Cannot put a list, an object and other values side by side"],
  [
    "a = x & y",
    "String: 1: Reserved character '&' is not allowed outside quotes: enclose the key or value in double quotes",
  ],
])("parseHocon() refuses %j with line and reason", (text, message) => {
  expect(refusal(text)).toBe(message);
});

describe("parseHocon() reads nothing but the text:", () => {
  test.each([
    `include "/etc/passwd"`,
    `include"/etc/passwd"`,
    `a { include file("/etc/passwd") }`,
    `include required(url("http://127.0.0.1/"))`,
    `include classpath("x.conf")`,
    `a = [{ include package("a", "b") }]`,
  ])("%j is refused", (text) => {
    expect(refusal(text)).toBe("String: 1: include is not allowed: a config holds all that it says");
  });

  test("the environment is not looked at", () => {
    expect(process.env).toHaveProperty("PATH");
    expect(parseHocon("a = ${?PATH}")).toEqual({});
    expect(refusal("a = ${PATH}")).toBe("String: 1: Could not resolve substitution to a value: ${PATH}");
  });

  test("substitutions find what the fallback says, which does not become part of the result", () => {
    const fallback = parseHocon("server { port = 1, host = h }");
    expect(parseHocon("a = ${server.port}, server.host = mine, b = ${server}", { fallback })).toEqual({
      a: 1,
      b: { port: 1, host: "mine" },
      server: { host: "mine" },
    });
  });

  test("a process that may read no other file and open no socket parses all the same", () => {
    const sources = [`include "/etc/passwd"`, `include url("http://127.0.0.1:1/")`, "a = ${?HOME}", "a.b = [1]"];
    const script = `
      const { parseHocon } = await import(${JSON.stringify(new URL("./mod.ts", import.meta.url).href)});
      const outcomes = ${JSON.stringify(sources)}.map((source) => {
        try { return JSON.stringify(parseHocon(source)); } catch (error) { return error.name; }
      });
      process.stdout.write(outcomes.join(" "));`;
    const flags = ["--permission", `--allow-fs-read=${import.meta.dirname}`, "--input-type=module"];
    const { stdout } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
    expect(stdout).toBe(`HoconError HoconError {} {"a":{"b":[1]}}`);
  });
});

test("keys of Object.prototype are keys like others and pollute nothing", () => {
  const text = `{"__proto__": {"x": 1}, constructor.prototype.y = 2, a.__proto__.z = 3, toString = \${?valueOf}}`;
  const config = parseHocon(text, { fallback: parseHocon(`__proto__ { w = 4 }`) });
  expect(JSON.stringify(config)).toBe(
    '{"__proto__":{"x":1},"constructor":{"prototype":{"y":2}},"a":{"__proto__":{"z":3}}}',
  );
  expect(valueAt(withFallback(config, parseHocon("__proto__.v = 5")), ["__proto__"])).toEqual({ v: 5, x: 1 });
  expect(Object.getPrototypeOf(config)).toBeNull();
  for (const key of ["x", "y", "z", "w", "v"]) expect({}).not.toHaveProperty(key);
});

describe("parseHocon() is bounded:", () => {
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join("\n");

  test.each<[string, string, RegExp]>([
    ["a long text", "a".repeat(1024 * 1024 + 1), /longer than 1048576 characters/],
    ["deep lists", `a = ${"[".repeat(500_000)}`, /Nested deeper/],
    ["deep objects", "{a:".repeat(300_000), /Nested deeper/],
    ["deep paths", `${"a.".repeat(500_000)}a = 1`, /Nested deeper/],
    ["deep paths in substitutions", `a = \${${"a.".repeat(500_000)}a}`, /Nested deeper/],
    ["text that doubles", `a0 = xx\n${lines(200, (i) => `a${i + 1} = \${a${i}}\${a${i}}`)}`, /too large/],
    ["lists that double", `a0 = [x]\n${lines(200, (i) => `a${i + 1} = [\${a${i}}, \${a${i}}]`)}`, /too large/],
    ["lists that grow deep", `a0 = [x]\n${lines(5000, (i) => `a${i + 1} = [\${a${i}}]`)}`, /Nested deeper/],
    ["a chain of substitutions", `${lines(50_000, (i) => `a${i} = \${a${i + 1}}`)}\na50000 = 1`, /wait for each other/],
    ["a chain of +=", "a += 1\n".repeat(100_000), /wait for each other/],
    ["objects that grow", `a = ${lines(80_000, (i) => `{k${i}:1}`).replaceAll("\n", "")}`, /too large/],
    [
      "objects said again and again",
      `${"a={x:1}\na=${?b}\n".repeat(30_000)}b={}\n${"c=[${a.x}]\n".repeat(20_000)}`,
      /too large/,
    ],
    ["quotes", `a = ${'"'.repeat(999_999)}`, /^parsed|quotes/],
    ["backslashes", `a = "${"\\".repeat(999_999)}`, /does not end/],
    ["digits", `a = ${"1".repeat(999_999)}`, /^parsed/],
    ["words", `a = ${"x ".repeat(500_000)}`, /^parsed/],
    ["blanks", `${" ".repeat(999_999)}!`, /Reserved/],
  ])("%s", (_, text, outcome) => {
    const start = performance.now();
    expect(refusal(text)).toMatch(outcome);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

test("parseHocon() gives JSON or a HoconError for any text", () => {
  const token = fc.constantFrom(
    ...'{}[]=:,."\n #$?+\\!'.split(""),
    "${",
    "${?",
    "+=",
    '"""',
    "//",
    "a",
    "b",
    "a.b",
    "1",
    "-1.5e3",
    "true",
    "null",
    "include",
    "__proto__",
    "é",
    "\u0000",
    "\ud800",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join("")),
  );
  fc.assert(
    fc.property(text, (input) => {
      const outcome = refusal(input);
      expect(outcome).toMatch(/^parsed: \{|^String: \d+: ./);
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 3000 },
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

test("withFallback() merges objects; lists and scalars, null too, win whole", () => {
  const posted = parseHocon("a { b = 1, l = [1], n = null }, c = x, o { p = 1 }");
  const server = parseHocon("a { b = 2, d = 3, l = [2, 3], n { m = 1 } }, c { e = 1 }, o = 7, z = 9");
  expect(withFallback(posted, server)).toEqual({
    a: { b: 1, d: 3, l: [1], n: null },
    c: "x",
    o: { p: 1 },
    z: 9,
  });
  expect(server).toEqual(parseHocon("a { b = 2, d = 3, l = [2, 3], n { m = 1 } }, c { e = 1 }, o = 7, z = 9"));
});

test.each<[string | number, number | undefined]>([
  ["512m", 512 * 1024 ** 2],
  ["512M", 512 * 1024 ** 2],
  ["512mb", 512 * 1024 ** 2],
  ["4G", 4 * 1024 ** 3],
  ["10 MiB", 10 * 1024 ** 2],
  ["10 MB", 10_000_000],
  ["1.5 kilobytes", 1500],
  ["1.5k", 1536],
  ["2 gibibytes", 2 * 1024 ** 3],
  ["1kB", 1000],
  ["7 bytes", 7],
  [1024, 1024],
  ["1024", 1024],
  ["", undefined],
  ["m", undefined],
  ["-1m", undefined],
  ["10 parsecs", undefined],
  ["9999999E", undefined],
  ["constructor", undefined],
])("parseSizeBytes(%j) is %j", (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});

test.each<[string | number, number | undefined]>([
  ["10 s", 10_000],
  ["40s", 40_000],
  ["250", 250],
  [250, 250],
  ["1.5 minutes", 90_000],
  ["2h", 7_200_000],
  ["1 day", 86_400_000],
  ["500 us", 0.5],
  ["10 S", undefined],
  ["soon", undefined],
])("parseDurationMs(%j) is %j", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});
