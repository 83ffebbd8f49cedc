import { expect, test } from "vitest";
import { CrashBackoff } from "./crash_backoff.ts";
import { delayAfter, listedNames } from "./restart.ts";

test("delayAfter() is zero, but grows when the sandbox did not live for ten seconds", () => {
  const deaths = new CrashBackoff();
  const after = (livedMs: number): number | undefined =>
    delayAfter({ type: "replaced", message: "a new version" }, { deaths, livedMs, isOnly: false });
  expect([10_000, 10_000, 0, 0, 0, 10_000].map(after)).toEqual([0, 0, 0, 1000, 2000, 0]);
});

test("listedNames() returns all of a few names, and the first of many", () => {
  expect(listedNames(["a", "b"])).toEqual(["a", "b"]);
  const many = Array.from({ length: 10_000 }, (_, index) => `${index}`.padEnd(1000, "€"));
  const listed = listedNames(many);
  expect(listed).toEqual(many.slice(0, listed.length));
  expect(Buffer.byteLength(listed.join(""))).toBeGreaterThan(60 * 1024);
  expect(Buffer.byteLength(listed.join(""))).toBeLessThanOrEqual(64 * 1024);
});
