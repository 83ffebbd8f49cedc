// biome-ignore-all lint/suspicious/noTemplateCurlyInString: HOCON writes substitutions as JavaScript does
import { describe, expect, test } from "vitest";
import { parseHocon, withFallback } from "./mod.ts";
import { refusal } from "./testing/parse_outcome.ts";

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
      "a = -1, b = 1.50, c = 1e3, d = 01, e = 1.2.3, f = -, g = 1e-400, h = 2-3",
      { a: -1, b: 1.5, c: 1000, d: 1, e: "1.2.3", f: "-", g: 0, h: "2-3" },
    ],
    ["a = 12e4567f, b = 12e4567 x", { a: "12e4567f", b: "12e4567 x" }],
    ["a = 1.50s, b = 10 20", { a: "1.50s", b: "10 20" }],
    [`a = "\\u00e9\\n\\t\\"\\\\\\/" b "c"`, { a: 'é\n\t"\\/ b c' }],
    ["a = [1\n2,\n3,\n]", { a: [1, 2, 3] }],
    ["a = [[1], {b = 2}, x y]", { a: [[1], { b: 2 }, "x y"] }],
    ["a =\n1\nb\n{ c = 1 }", { a: 1, b: { c: 1 } }],
    [`"a.b".c = 1, d = \${"a.b".c}`, { "a.b": { c: 1 }, d: 1 }],
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
    ["v = 1.10, w = ${v}, file = lib-${w}.tgz", { v: 1.1, w: 1.1, file: "lib-1.10.tgz" }],
    ["a = null, b = ${a}, c = ${a}x", { a: null, b: null, c: "nullx" }],
    ["a.b = 1, a.b = null, c = ${?a.b}", { a: { b: null }, c: null }],
    ["foo { a { c = 1 } }\nfoo = ${foo.a}\nfoo { a = 2 }", { foo: { a: 2, c: 1 } }],
    [
      "bar { a = ${foo.d}, b = 1 }\nbar.b = 3\nfoo { c = ${bar.b}, d = 2 }\nfoo.d = 4",
      { bar: { a: 4, b: 3 }, foo: { c: 3, d: 4 } },
    ],
    ["foo = ${does.not.exist}\nfoo = 42", { foo: 42 }],
    ["a = ${?a}foo", { a: "foo" }],
    ["g { size = 6 }\ne = ${g} { name = east }", { g: { size: 6 }, e: { size: 6, name: "east" } }],
    ['a = "x" "y", b = x"y"z', { a: "x y", b: "xyz" }],
    [
      "a = 0x1F, b = 1_000, c = .5, d = 1., e = 1.e, f = 2016-06-19",
      {
        ...{ a: "0x1F", b: "1_000", c: ".5", d: 1 },
        ...{ e: "1.e", f: "2016-06-19" },
      },
    ],
    ["a = 1\r\nb = 2\r\n", { a: 1, b: 2 }],
    ['a = include "b"', { a: "include b" }],
    ["a { b = [1] }, a.b += 2\na { b += 3 }", { a: { b: [1, 2, 3] } }],
    ["include = 1, include.not = 2, includes = 3", { include: { not: 2 }, includes: 3 }],
  ])("%j", (text, config) => {
    expect(parseHocon(text)).toEqual(config);
  });
});

test.each([
  ["a = 1\nb = 1e400", "String: 2: The number 1e400 is too large: enclose it in double quotes to send it as text"],
  ['{"a": [1, -1e999]}', "String: 1: The number -1e999 is too large: enclose it in double quotes to send it as text"],
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
  ["a = 1\na += 2", "String: 2: Cannot append with += to a value that is not a list"],
  ["a = [1] x", "String: 1: Cannot put a list, an object and other values side by side"],
  [
    "a = x & y",
    "String: 1: Reserved character '&' is not allowed outside quotes: enclose the key or value in double quotes",
  ],
])("parseHocon() refuses %j with line and reason", (text, message) => {
  expect(refusal(text)).toBe(message);
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
