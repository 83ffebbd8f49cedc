import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createSteadyClock } from "./steady_clock.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a steady clock advances, follows the wall clock back, and does not leap ahead with it", () => {
  const startMs = Date.now();
  const clock = createSteadyClock();
  vi.advanceTimersByTime(1000);
  expect(clock()).toBe(startMs + 1000);
  vi.setSystemTime(startMs + 1_000_000);
  expect(clock()).toBe(startMs + 1000);
  vi.advanceTimersByTime(500);
  expect(clock()).toBe(startMs + 1500);
  vi.setSystemTime(startMs - 1_000_000);
  expect(clock()).toBe(startMs - 1_000_000);
});
