import { expect, test } from "vitest";
import { settingEntries } from "./context_settings.ts";

test("settingEntries() yields settings by their dotted names, however they are spelled", () => {
  const settings = { "spark.a": 1, spark: { a: 2, "b.c": [{ d: 3 }], e: null }, f: {} };
  expect([...settingEntries<unknown>(settings)]).toEqual([
    ["spark.a", 1],
    ["spark.a", 2],
    ["spark.b.c", [{ d: 3 }]],
    ["spark.e", null],
  ]);
});

test("settingEntries() yields an object that is not opened as a value", () => {
  const settings = { a: { b: { c: 1 } } };
  expect([...settingEntries<unknown>(settings, { isOpened: (name) => name === "a" })]).toEqual([["a.b", { c: 1 }]]);
});
