import { expect, test } from "vitest";
import { endOf } from "./driver_exit.ts";

const EXIT = { code: 1, signal: null, stdout: "", stderr: "", isConcealed: false, heapBytes: 1024 ** 3 } as const;

test.each([
  ["the signal", { code: null, signal: "SIGKILL" }, "was ended by signal SIGKILL"],
  ["the signal that bubblewrap reports as a code", { code: 137 }, "was ended by signal SIGKILL"],
  ["System.exit", { code: 0 }, "System.exit"],
  ["the code and the last words", { code: 3, stderr: "no room" }, "ended with code 3, .*: no room"],
] as const)("endOf() names %s", (_, exit, message) => {
  const expected = { type: "crashed", message: expect.stringMatching(message) };
  expect(endOf({ ...EXIT, ...exit })).toEqual(expected);
});
