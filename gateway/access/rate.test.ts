import { expect, test } from "vitest";
import { createRateLimiter } from "./rate.ts";

const alice = { id: "alice", roles: ["slow"] };

test("a bucket holds the calls of a second and fills at its rate", () => {
  let nowMs = 0;
  const limiter = createRateLimiter(new Map(), { requestsPerSecond: 2, now: () => nowMs });
  expect(limiter.take(alice)).toBeUndefined();
  expect(limiter.take(alice)).toBeUndefined();
  expect(limiter.take(alice)).toBe(500);
  expect(limiter.take({ id: "bob", roles: [] })).toBeUndefined();
  nowMs = 499;
  expect(limiter.take(alice)).toBeCloseTo(1);
  nowMs = 500;
  expect(limiter.take(alice)).toBeUndefined();
  nowMs = 60_000;
  expect([1, 2, 3].map(() => limiter.take(alice) === undefined)).toEqual([true, true, false]);
});

test("a rate below one per second allows one call per period", () => {
  let nowMs = 0;
  const limiter = createRateLimiter(new Map(), { requestsPerSecond: 0.1, now: () => nowMs });
  expect(limiter.take(alice)).toBeUndefined();
  expect(limiter.take(alice)).toBe(10_000);
  nowMs = 10_000;
  expect(limiter.take(alice)).toBeUndefined();
});

test("the highest rate of the roles applies, else the default, else no limit", () => {
  const roles = new Map([
    ["slow", { permissions: [], requestsPerSecond: 1 }],
    ["fast", { permissions: [], requestsPerSecond: 3 }],
  ]);
  const now = () => 0;
  const callsOf = (names: string[], requestsPerSecond: number | undefined) => {
    const limiter = createRateLimiter(roles, { requestsPerSecond, now });
    return Array.from({ length: 10 }, () => limiter.take({ id: "a", roles: names })).filter((ms) => ms === undefined)
      .length;
  };
  expect(callsOf(["slow"], 5)).toBe(1);
  expect(callsOf(["slow", "fast"], 5)).toBe(3);
  expect(callsOf(["unknown"], 5)).toBe(5);
  expect(callsOf([], undefined)).toBe(10);
});

test("full buckets are dropped when there are many, others are not", () => {
  let nowMs = 0;
  const limiter = createRateLimiter(new Map(), { requestsPerSecond: 1, now: () => nowMs });
  for (let n = 0; n < 10_000; n++) limiter.take({ id: `user ${n}`, roles: [] });
  nowMs = 500;
  limiter.take({ id: "one more", roles: [] });
  expect(limiter.take({ id: "user 1", roles: [] })).toBe(500);
});
