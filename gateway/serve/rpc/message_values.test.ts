import { create, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { countJson } from "../../../lib/transcode/mod.ts";
import { Job_State, ListJobsRequestSchema, SubmitJobRequestSchema } from "../../../proto/mod.ts";
import { countMessage } from "./message_values.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;

test("countMessage() counts a Struct as countJson() counts its JSON", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ stringUnit: "grapheme" })), (json) => {
      const struct = toBinary(StructSchema, fromJson(StructSchema, json as JsonObject));
      // The object itself is not a field of anything here.
      expect(countMessage(StructSchema, struct, NO_LIMIT)).toBe(countJson(Buffer.from(JSON.stringify(json))) - 1);
    }),
  );
});

test("countMessage() counts packed numbers, and fields that are not known", () => {
  const states = Array.from({ length: 500 }, () => Job_State.FAILED);
  expect(
    countMessage(
      ListJobsRequestSchema,
      toBinary(ListJobsRequestSchema, create(ListJobsRequestSchema, { states })),
      NO_LIMIT,
    ),
  ).toBe(500);
  const unknown = Buffer.concat(Array.from({ length: 300 }, () => Buffer.from([0xf8, 0x3f, 1])));
  expect(countMessage(ListJobsRequestSchema, unknown, NO_LIMIT)).toBe(300);
});

test("countMessage() counts a oneof that is set again and again", () => {
  const value = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from([0x20, 1])));
  const entry = Buffer.concat([Buffer.from([0x0a, 1, 97, 0x12, 0xc8, 1]), value]);
  const struct = Buffer.concat([Buffer.from([0x0a, 0xce, 1]), entry]);
  expect(countMessage(StructSchema, struct, NO_LIMIT)).toBe(101);
});

test("countMessage() takes any bytes, and stops beyond its limit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(countMessage(SubmitJobRequestSchema, bytes, 10)).toBeLessThanOrEqual(bytes.length + 10);
    }),
  );
  const fields = new Uint8Array(8 * 1024 * 1024).fill(8);
  expect(countMessage(SubmitJobRequestSchema, fields, 1000)).toBeLessThan(1003);
});
