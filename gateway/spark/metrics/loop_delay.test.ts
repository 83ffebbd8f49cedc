import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { LoopDelay } from "./loop_delay.ts";

test("LoopDelay measures how long the loop was blocked", async () => {
  using watch = new LoopDelay();
  // The first samples, before any can be late.
  await expect.poll(() => delay(20).then(() => watch.read().p50)).toBeGreaterThanOrEqual(0);
  const end = performance.now() + 300;
  while (performance.now() < end);
  await expect.poll(() => watch.read().max).toBeGreaterThan(0.25);
  expect(watch.read().max).toBeLessThan(5);
});
