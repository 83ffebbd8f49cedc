import { expect, test } from "vitest";
import { formatLogLine } from "./log_lines.ts";

test("formatLogLine() formats a JSON line as time, source, level, message and fields", () => {
  const line =
    '{"level":30,"time":1700000000000,"pid":1,"hostname":"h","address":"127.0.0.1:1","count":2,"msg":"listening"}';
  expect(formatLogLine("gateway", line)).toBe("22:13:20 gateway    info  listening address=127.0.0.1:1 count=2");
});

test("formatLogLine() shows the stack of an error below its line", () => {
  const line = '{"level":50,"time":1700000000000,"msg":"failed","err":{"message":"no","stack":"Error: no\\n  at x"}}';
  expect(formatLogLine("node-1", line)).toBe("22:13:20 node-1     ERROR failed\nError: no\n  at x");
});

test.each(["plain text", "{ not JSON"])("formatLogLine() passes other output on: %s", (line) => {
  expect(formatLogLine("node-1", line)).toBe(`node-1     ${line}`);
});
