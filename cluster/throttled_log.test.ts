import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createThrottledLog } from "./throttled_log.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("createThrottledLog() limits the lines of a minute, and reports how many it suppressed", () => {
  const lines: unknown[] = [];
  const log = createThrottledLog((fields) => lines.push(fields), { linesPerMinute: 2 });
  for (let attempt = 1; attempt <= 5; attempt++) log({ attempt });
  vi.advanceTimersByTime(60_000);
  log({ attempt: 6 });
  log({ attempt: 7 });
  expect(lines).toEqual([{ attempt: 1 }, { attempt: 2 }, { attempt: 6, leftOut: 3 }, { attempt: 7 }]);
});

test("createThrottledLog() limits each key for itself", () => {
  const lines: unknown[] = [];
  const log = createThrottledLog<{ reason: string; attempt: number }>((fields) => lines.push(fields), {
    linesPerMinute: 1,
    keyOf: ({ reason }) => reason,
  });
  log({ reason: "old", attempt: 1 });
  log({ reason: "old", attempt: 2 });
  log({ reason: "unsigned", attempt: 3 });
  vi.advanceTimersByTime(60_000);
  log({ reason: "old", attempt: 4 });
  expect(lines).toEqual([
    { reason: "old", attempt: 1 },
    { reason: "unsigned", attempt: 3 },
    { reason: "old", attempt: 4, leftOut: 1 },
  ]);
});
