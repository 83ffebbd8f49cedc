import { describe, expect, test } from "vitest";
import { accepts, chooseType, orderedEncodings } from "./accept.ts";
import { chooseEncoding, isCompressible } from "./compress.ts";
import { HttpError } from "./errors.ts";

const LINES = { type: "application/x-ndjson", aliases: ["application/json"] };
const EVENTS = { type: "text/event-stream" };

describe("chooseType()", () => {
  test.each([
    [undefined, LINES.type],
    ["", LINES.type],
    ["*/*", LINES.type],
    ["*", LINES.type],
    ["text/event-stream", EVENTS.type],
    ["Text/Event-Stream", EVENTS.type],
    ["text/event-stream, */*;q=0.1", EVENTS.type],
    ["application/json, text/event-stream", EVENTS.type],
    ["application/json, text/event-stream;q=0.9", LINES.type],
    ["text/event-stream;q=0, */*", LINES.type],
    ["text/event-stream;q=0.2,application/x-ndjson;q=0.8", LINES.type],
    ["text/*", EVENTS.type],
    ["text/*;q=0.5, application/*;q=0.4", EVENTS.type],
    ["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", LINES.type],
    ['application/json; charset="utf-8" ; q=0.5', LINES.type],
    ["text/event-stream; q = 0.000, application/json", LINES.type],
  ])("takes %j for %s", (accept, type) => {
    expect(chooseType(accept, [LINES, EVENTS])).toBe(type);
  });

  test.each(["image/png", "*/*;q=0", "text/event-stream;q=0", "application/xml, text/html;q=0.9"])(
    "refuses %j with 406",
    (accept) => {
      expect(() => chooseType(accept, [LINES, EVENTS])).toThrow(
        expect.objectContaining({
          status: 406,
          rawMessage: `Cannot respond as "${accept}": this method responds with application/x-ndjson or text/event-stream`,
        }),
      );
    },
  );

  test("throws an error that is told apart from those without a status", () => {
    expect(new Error("x") instanceof HttpError).toBe(false);
  });
});

test("accepts() heeds a type that is excluded by name", () => {
  expect(accepts("application/json;q=0, */*", "application/json")).toBe(false);
  expect(accepts("application/*", "application/json")).toBe(true);
});

test.each([
  ["gzip;q=0.5, br;q=1.0, identity;q=0, zstd;q=0.5", ["br", "gzip", "zstd"]],
  ["identity, gzip;q=0.5", []],
  ["identity;q=0.6, gzip;q=0.5, X-GZip", ["gzip"]],
  ["gzip;q=0", []],
])(
  "orderedEncodings() lists what is wanted most first, and nothing that is less wanted than no coding: %s",
  (header, names) => {
    expect(orderedEncodings(header)).toEqual(names);
  },
);

describe("chooseEncoding()", () => {
  test.each([
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["gzip, deflate, br, zstd", "br"],
    ["br;q=0.1, gzip;q=0.9", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br"],
    ["br;q=0, *", "gzip"],
    ["identity", undefined],
    ["identity;q=1, gzip;q=0.5", undefined],
    ["gzip;q=0", undefined],
    ["*;q=0", undefined],
    ["deflate, zstd", undefined],
    ["", undefined],
  ])("takes %j for %s", (accept, encoding) => {
    expect(chooseEncoding(accept)).toBe(encoding);
  });
});

test.each([
  ["application/json", 1400, true],
  ["application/json", 1399, false],
  ["text/html; charset=utf-8", 5000, true],
  ["image/svg+xml", 5000, true],
  ["image/png", 5000, false],
  ["application/octet-stream", 5000, false],
  ["text/event-stream", 5000, false],
  ["application/x-ndjson", 5000, false],
])("isCompressible() of %s with %i bytes is %s", (type, size, is) => {
  expect(isCompressible(type, size)).toBe(is);
});
