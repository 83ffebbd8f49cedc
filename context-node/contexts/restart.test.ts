import { expect, test } from "vitest";
import { listedNames } from "./restart.ts";

test("listedNames() returns few names as they are, and the first of many", () => {
  expect(listedNames(["a", "b"])).toEqual(["a", "b"]);
  const many = Array.from({ length: 10_000 }, (_, index) => `${index}`.padEnd(1000, "€"));
  const listed = listedNames(many);
  expect(listed).toEqual(many.slice(0, listed.length));
  expect(Buffer.byteLength(listed.join(""))).toBeGreaterThan(60 * 1024);
  expect(Buffer.byteLength(listed.join(""))).toBeLessThanOrEqual(64 * 1024);
});
