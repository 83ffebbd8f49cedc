import { validate, version } from "uuid";
import { expect, test } from "vitest";
import { newId } from "./ids.ts";

test("newId() returns UUIDs of version 7 with the current time, each greater than the one before", () => {
  const before = Date.now();
  const ids = Array.from({ length: 10_000 }, newId);
  const after = Date.now();
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) {
    expect(validate(id) && version(id)).toBe(7);
    const ms = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    expect(ms).toBeGreaterThanOrEqual(before);
    expect(ms).toBeLessThanOrEqual(after);
  }
  // The rest is random.
  expect(new Set(ids.map((id) => id.slice(-12))).size).toBe(ids.length);
});
