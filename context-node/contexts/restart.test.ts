import { expect, test } from "vitest";
import { toldNames } from "./restart.ts";

test("toldNames() tells few names as they are, and of many the first", () => {
  expect(toldNames(["a", "b"])).toEqual(["a", "b"]);
  const many = Array.from({ length: 10_000 }, (_, index) => `${index}`.padEnd(1000, "€"));
  const told = toldNames(many);
  expect(told).toEqual(many.slice(0, told.length));
  expect(Buffer.byteLength(told.join(""))).toBeGreaterThan(60 * 1024);
  expect(Buffer.byteLength(told.join(""))).toBeLessThanOrEqual(64 * 1024);
});
