import { expect, test } from "vitest";
import { Meter } from "./rates.ts";

test("Meter.rates() decays, the shorter averages faster", () => {
  let nowMs = 0;
  const meter = new Meter(() => nowMs);
  for (let second = 0; second < 60; second++) {
    nowMs += 1000;
    meter.add();
  }
  const busy = meter.rates();
  nowMs += 120_000;
  const quiet = meter.rates();
  expect(busy.mean).toBeCloseTo(1);
  expect(busy.m1).toBeCloseTo(1, 0);
  expect(quiet.mean).toBeCloseTo(1 / 3);
  expect(quiet.m1).toBeLessThan(quiet.m5);
  expect(quiet.m5).toBeLessThan(quiet.m15);
});
