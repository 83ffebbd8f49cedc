import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Job, Job_State, JobSchema } from "../../proto/mod.ts";
import { RetryClock } from "./retry_clock.ts";

const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A job whose next attempt is due after a time, on the present clock. */
function waiting(delayMs: number): Job {
  return create(JobSchema, {
    id: "job",
    state: Job_State.QUEUED,
    attempt: 1,
    retryDelay: { seconds: BigInt(delayMs / 1000) },
    nextAttemptTime: timestampFromMs(Date.now() + delayMs),
  });
}

function leap(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

/** Remaining wait of the job, to a tenth of a second. */
function waitMs(clock: RetryClock, job: Job): number {
  for (let ms = 0; ; ms += 100) {
    if (clock.isDue(job)) return ms;
    vi.advanceTimersByTime(100);
  }
}

test.each([0, -HOUR_MS, HOUR_MS])("isDue() ignores a clock change of %d ms once the attempt was seen", (ms) => {
  const clock = new RetryClock();
  const job = waiting(5000);
  expect(clock.isDue(job)).toBe(false);
  vi.advanceTimersByTime(1000);
  leap(ms);

  expect(waitMs(clock, job)).toBe(4000);
});

test("isDue() waits no longer than the retry delay after the clock went back", () => {
  const job = waiting(5000);
  leap(-HOUR_MS);
  expect(waitMs(new RetryClock(), job)).toBe(5000);
});

test("isDue() follows a postponement by another gateway", () => {
  const clock = new RetryClock();
  const job = waiting(5000);
  vi.advanceTimersByTime(4000);
  expect(clock.isDue(job)).toBe(false);
  const later = { ...job, nextAttemptTime: timestampFromMs(Date.now() + 3000) };
  expect(waitMs(clock, later)).toBe(3000);
});

test("isDue() is false for a job that does not wait", () => {
  const clock = new RetryClock();
  const { nextAttemptTime: _, ...begun } = waiting(0);
  expect(clock.isDue(begun)).toBe(false);
  expect(clock.isDue({ ...waiting(0), state: Job_State.CANCELLED })).toBe(false);
});
