import { expect, test } from "vitest";
import { waitForNodes } from "./mod.ts";

test("waitForNodes() searches at growing intervals, and once more at the deadline", async () => {
  const times: number[] = [];
  const find = (): undefined => void times.push(performance.now());
  const { signal } = new AbortController();
  expect(await waitForNodes({ placementWaitMs: 1000 }, find, { signal })).toBeUndefined();
  // At 0, 25, 75, 175, 375, 775 and 1000 ms, or later; again when a timer was early.
  expect(times.length).toBeLessThanOrEqual(9);
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  expect(last - first).toBeGreaterThanOrEqual(990);
});

test("waitForNodes() ends when the signal is aborted", async () => {
  const leaving = new AbortController();
  let searches = 0;
  const find = (): undefined => {
    searches += 1;
    if (searches === 2) setImmediate(() => leaving.abort());
  };
  expect(await waitForNodes({ placementWaitMs: 600_000 }, find, { signal: leaving.signal })).toBeUndefined();
  expect(searches).toBe(3);
});

test("waitForNodes() resolves to what a later search finds", async () => {
  let searches = 0;
  const find = async (): Promise<string | undefined> => (++searches === 3 ? "found" : undefined);
  const { signal } = new AbortController();
  expect(await waitForNodes({ placementWaitMs: 600_000 }, find, { signal })).toBe("found");
});
