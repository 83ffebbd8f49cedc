// biome-ignore-all lint/suspicious/noTemplateCurlyInString: HOCON writes substitutions as JavaScript does
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseHocon, renderConfig, valueAt, withFallback } from "./mod.ts";
import { refusal } from "./testing/parse_outcome.ts";

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

  test("+= appends to the list of the fallback, where the text has none", () => {
    const fallback = parseHocon("server { hosts = [a] }, list = [1], text = x");
    expect(parseHocon("server.hosts += b, list = [2], list += 3, items = [{ list += 4 }]", { fallback })).toEqual({
      server: { hosts: ["a", "b"] },
      list: [2, 3],
      items: [{ list: [4] }],
    });
    expect(refusal("text += 1", fallback)).toBe("String: 1: Cannot append with += to a value that is not a list");
  });

  test("null hides what the fallback says", () => {
    expect(parseHocon("a = null, b = ${a}", { fallback: parseHocon("a = 1") })).toEqual({ a: null, b: null });
  });

  test("numbers that lead to each other in a ring are told as the fallback has them", () => {
    const fallback = parseHocon("a = 1");
    expect(parseHocon("a = ${?b}\nb = ${?a}\nc = ${a}s", { fallback })).toEqual({ a: 1, b: 1, c: "1s" });
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
    [
      "lists that double",
      `a0 = [x]\n${lines(200, (i) => `a${i + 1} = [\${a${i}}, \${a${i}}]`)}`,
      /more than 10000 values/,
    ],
    [
      "lists that grow deep",
      `a0 = [x]\n${lines(5000, (i) => `a${i + 1} = [\${a${i}}]`)}`,
      /more than 10000 values|Nested deeper/,
    ],
    [
      "a chain of substitutions",
      `${lines(50_000, (i) => `a${i} = \${a${i + 1}}`)}\na50000 = 1`,
      /more than 10000 values/,
    ],
    ["a chain of +=", "a += 1\n".repeat(100_000), /more than 10000 values/],
    ["+= deep inside", `${"a{".repeat(150)}${"b+=1,b=1,".repeat(100_000)}`, /^String/],
    [
      "inner objects that grow",
      `a = ${lines(60_000, (i) => `{o{k${i}:1}}`).replaceAll("\n", "")}`,
      /more than 10000 values/,
    ],
    ["objects that grow", `a = ${lines(80_000, (i) => `{k${i}:1}`).replaceAll("\n", "")}`, /more than 10000 values/],
    [
      "objects said again and again",
      `${"a={x:1}\na=${?b}\n".repeat(30_000)}b={}\n${"c=[${a.x}]\n".repeat(20_000)}`,
      /more than 10000 values/,
    ],
    ["quotes", `a = ${'"'.repeat(999_999)}`, /^parsed|quotes/],
    ["backslashes", `a = "${"\\".repeat(999_999)}`, /does not end/],
    ["digits", `a = ${"1".repeat(999_999)}`, /is too large/],
    ["words", `a = ${"x ".repeat(500_000)}`, /more than 10000 values/],
    [
      "a chain of few substitutions",
      `${lines(2000, (i) => `a${i} = \${a${i + 1}}`)}\na2000 = 1`,
      /wait for each other/,
    ],
    ["a chain of few +=", "a += 1\n".repeat(4000), /wait for each other/],
    ["few inner objects that grow", `a = ${lines(1600, (i) => `{o{k${i}:1}}`).replaceAll("\n", "")}`, /^parsed/],
    ["a text of many words", `a = ${"x ".repeat(90_000)}`, /^parsed/],
    ["empty objects", `a = [${"{},".repeat(300_000)}]`, /more than 10000 values/],
    [
      "values that substitution repeats",
      `o { ${lines(2000, (i) => `k${i}:1`)} }\n${lines(500, (i) => `p${i} = \${o}`)}`,
      /more than 10000 values/,
    ],
    ["escapes", `a = "${"\\n".repeat(500_000)}"`, /^parsed/],
    ["comments", "#\n".repeat(500_000), /^parsed/],
    ["empty lines", "\n".repeat(1_000_000), /^parsed/],
    ["blanks", `${" ".repeat(999_999)}!`, /Reserved/],
  ])("%s", (_, text, outcome) => {
    const before = process.threadCpuUsage();
    expect(refusal(text)).toMatch(outcome);
    // Processor time in microseconds: less than 50 ms on a quiet machine, and several times that on a busy one.
    expect(process.threadCpuUsage(before).user).toBeLessThan(250_000);
  });
});

test("parseHocon() gives a config that renderConfig() writes and it reads again, or a HoconError, for any text", () => {
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
      if (!outcome.startsWith("parsed: ")) return;
      const readAgain = parseHocon(renderConfig(parseHocon(input)));
      expect(JSON.parse(JSON.stringify(readAgain))).toEqual(JSON.parse(outcome.slice("parsed: ".length)));
    }),
    { numRuns: 3000 },
  );
});
