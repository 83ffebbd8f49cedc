import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { formatDuration, formatLocal, javaDouble } from "./times.ts";

const MS = Date.UTC(2016, 5, 19, 10, 57, 12, 196);

test.each([
  [330, "2016-06-19T16:27:12.196+05:30"],
  [0, "2016-06-19T10:57:12.196Z"],
  [-210, "2016-06-19T07:27:12.196-03:30"],
])("formatLocal() writes the offset of %d minutes", (offsetMinutes, text) => {
  expect(formatLocal(MS, offsetMinutes)).toBe(text);
});

test.each([
  [300, "300.0"],
  [6.341, "6.341"],
  [0.5, "0.5"],
  [0.001, "0.001"],
  [0, "0.0"],
  [12_345_678, "1.2345678E7"],
  [10_000_000, "1.0E7"],
])("javaDouble() writes %d as Java does", (value, text) => {
  expect(javaDouble(value)).toBe(text);
});

test("formatDuration() of a job without an end is not done", () => {
  expect(formatDuration(timestampFromMs(MS), undefined)).toBe("Job not done yet");
});
