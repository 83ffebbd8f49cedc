import { expect, test } from "vitest";
import { nearMiss } from "./near_miss.ts";

const NAMES = ["listen", "limits", "tls", "auth", "drainTimeoutMs"];

test.each([
  ["lisen", "listen"],
  ["Listen", "listen"],
  ["limit", "limits"],
  ["tsl", undefined],
  ["drainTimeout", "drainTimeoutMs"],
  ["retention", undefined],
  ["", undefined],
])("the name closest to %j is %j", (wrong, name) => {
  expect(nearMiss(wrong, NAMES)).toBe(name);
});
