import { expect, test } from "vitest";
import { CrashBackoff } from "./crash_backoff.ts";

const SECONDS = 1000;

test("CrashBackoff.next() returns growing delays, and none after ten crashes in a row", () => {
  const deaths = new CrashBackoff();
  const delays = Array.from({ length: 10 }, () => deaths.next({ livedMs: 5 * SECONDS }));
  expect(delays).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, undefined]);
});

test("CrashBackoff.next() resets after an uptime of a minute", () => {
  const deaths = new CrashBackoff();
  const lives = [0, 0, 59 * SECONDS, 60 * SECONDS, 0];
  expect(lives.map((livedMs) => deaths.next({ livedMs }))).toEqual([0, 1000, 2000, 0, 1000]);
});
