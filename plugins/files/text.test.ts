import { expect, test } from "vitest";
import { decodeText } from "./text.ts";

const TEXT = "# Zoë\nname:hash\n";

test.each([
  ["as it is", Buffer.from(TEXT)],
  ["with a byte order mark", Buffer.from(`\ufeff${TEXT}`)],
  ["with line ends of Windows", Buffer.from(TEXT.replaceAll("\n", "\r\n"))],
  ["with both", Buffer.from(`\ufeff${TEXT.replaceAll("\n", "\r\n")}`)],
])("decodeText() reads UTF-8 %s", (_, content) => {
  expect(decodeText(content)).toBe(TEXT);
});

test("decodeText() keeps a mark that is not at the start, and reads nothing as nothing", () => {
  expect(decodeText(Buffer.from("a\ufeffb"))).toBe("a\ufeffb");
  expect(decodeText(Buffer.from("\ufeff"))).toBe("");
  expect(decodeText(Buffer.from(""))).toBe("");
});

test.each([
  ["UTF-16, little-endian", Buffer.from(`\ufeff${TEXT}`, "utf16le"), "it is UTF-16; save it as UTF-8"],
  ["UTF-16, big-endian", Buffer.from(`\ufeff${TEXT}`, "utf16le").swap16(), "it is UTF-16; save it as UTF-8"],
  ["UTF-16 without a mark", Buffer.from(TEXT, "utf16le"), "it is UTF-16; save it as UTF-8"],
  ["Latin-1", Buffer.from(TEXT, "latin1"), "it is not UTF-8 text"],
])("decodeText() refuses %s", (_, content, message) => {
  expect(() => decodeText(content)).toThrow(message);
});
