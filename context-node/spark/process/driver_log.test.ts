import { expect, test } from "vitest";
import { createDriverLog } from "./driver_log.ts";

const LINES = [
  { time: 1, level: "WARN" as const, text: "password hunter2" },
  { time: 1, level: "INFO" as const, text: "user hunter2" },
];

test.each([
  [false, [{ text: "password hunter2" }], [{ text: "user hunter2" }]],
  [true, [{ level: "WARN" }], [{ level: "INFO" }]],
])("createDriverLog() logs texts unless the driver is concealed: %s", (isConcealed, warned, debugged) => {
  const seen = { warn: [] as object[], debug: [] as object[] };
  const log = {
    warn: (fields: object) => void seen.warn.push(fields),
    debug: (fields: object) => void seen.debug.push(fields),
  };
  createDriverLog(log, { contextId: "1", name: "a", isConcealed }).write(LINES);
  const named = (entries: readonly object[]): object[] =>
    entries.map((entry) => ({ contextId: "1", name: "a", ...entry }));
  expect(seen).toEqual({ warn: named(warned), debug: named(debugged) });
});
