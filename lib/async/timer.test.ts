import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LONGEST_DELAY_MS, startTimer } from "./timer.ts";

const DAY_MS = 24 * 3600 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([1, LONGEST_DELAY_MS, LONGEST_DELAY_MS + 1, 30 * DAY_MS, 400 * DAY_MS])(
  "startTimer() calls back after %d ms, once and not before",
  (delayMs) => {
    const callback = vi.fn();
    startTimer(delayMs, callback);

    vi.advanceTimersByTime(delayMs - 1);
    expect(callback).toHaveBeenCalledTimes(0);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(delayMs * 2);
    expect(callback).toHaveBeenCalledTimes(1);
  },
);

test("startTimer() never calls back after Infinity, nor when it is disposed", () => {
  const callback = vi.fn();
  startTimer(Number.POSITIVE_INFINITY, callback);
  const timer = startTimer(40 * DAY_MS, callback);
  vi.advanceTimersByTime(30 * DAY_MS);
  timer[Symbol.dispose]();

  vi.advanceTimersByTime(1000 * DAY_MS);
  expect(callback).not.toHaveBeenCalled();
});
