import { expect, test } from "vitest";
import { parseDurationMs, parseSizeBytes } from "./mod.ts";

test.each<[string | number, number | undefined]>([
  ["512m", 512 * 1024 ** 2],
  ["512M", 512 * 1024 ** 2],
  ["512mb", 512 * 1024 ** 2],
  ["4G", 4 * 1024 ** 3],
  ["10 MiB", 10 * 1024 ** 2],
  ["10 MB", 10_000_000],
  ["1.5 kilobytes", 1500],
  ["1.5k", 1536],
  ["2 gibibytes", 2 * 1024 ** 3],
  ["1kB", 1000],
  ["7 bytes", 7],
  [1024, 1024],
  ["1024", 1024],
  ["", undefined],
  ["m", undefined],
  ["-1m", undefined],
  ["10 parsecs", undefined],
  ["9999999E", undefined],
  ["constructor", undefined],
])("parseSizeBytes(%j) is %j", (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});

test.each<[string | number, number | undefined]>([
  ["10 s", 10_000],
  ["40s", 40_000],
  ["250", 250],
  [250, 250],
  ["1.5 minutes", 90_000],
  ["2h", 7_200_000],
  ["1 day", 86_400_000],
  ["500 us", 0.5],
  ["10 S", undefined],
  ["soon", undefined],
])("parseDurationMs(%j) is %j", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});
