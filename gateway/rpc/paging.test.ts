import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { PAGE_TOKEN_PATTERN, pageToken, parseNumberToken, parsePageToken } from "./paging.ts";

test.each(["", "a", "019a0000-0000-7000-8000-000000000000", "Ünïcode/file 1.txt", "\0"])(
  "the token of the key %j is of the pattern, and has the key",
  (key) => {
    const token = pageToken(key);
    expect(token).toMatch(new RegExp(PAGE_TOKEN_PATTERN));
    expect(parsePageToken(token)).toBe(key);
  },
);

test("no token means the first page", () => {
  expect(parsePageToken("")).toBeUndefined();
  expect(parseNumberToken("")).toBeUndefined();
});

test.each(["x", "MT", "Mjpr", "MTpr=", "MTpr!", " MTpr", "MTpr\n"])("the token %j is refused", (token) => {
  expect(() => parsePageToken(token)).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
});

describe("parseNumberToken()", () => {
  test.each([
    ["17", 17],
    ["0", 0],
    ["x", 0],
    ["-1", 0],
    ["NaN", 0],
    ["1e99", 1],
    ["99999999999999999999", 2 ** 31 - 1],
  ])("takes the key %j for the number %i, which every store takes", (key, number) => {
    expect(parseNumberToken(pageToken(key))).toBe(number);
  });
});
