import { create, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JobEventSchema, JobSpecSchema, RunJobResponseSchema, SubmitJobRequestSchema } from "./mod.ts";
import { findUnwritable } from "./unwritable.ts";

const seconds = (value: bigint, nanos = 0) => ({ seconds: value, nanos });

test.for([
  [
    "a number of a config",
    SubmitJobRequestSchema,
    { job: { config: { a: { limits: [1, Number.POSITIVE_INFINITY] } } } },
    "job.config.a.limits[1]",
  ],
  ["a duration", JobSpecSchema, { timeout: seconds(315_576_000_001n) }, "timeout"],
  ["a duration of two signs", JobSpecSchema, { retryDelay: seconds(1n, -1) }, "retry_delay"],
  ["a time", JobEventSchema, { time: seconds(253_402_300_800n) }, "time"],
  [
    "a time of an attempt",
    RunJobResponseSchema,
    { job: { attempts: [{}, { endTime: seconds(0n, -1) }] } },
    "job.attempts[1].end_time",
  ],
  [
    "a time of a line",
    JobEventSchema,
    { event: { case: "logged", value: { lines: [{}, { time: seconds(1n << 60n) }] } } },
    "logged.lines[1].time",
  ],
  [
    "a value without a kind",
    RunJobResponseSchema,
    { result: { kind: { case: "listValue", value: { values: [{}] } } } },
    "result[0]",
  ],
  [
    "a number of a value",
    RunJobResponseSchema,
    {
      result: {
        kind: { case: "structValue", value: { fields: { a: { kind: { case: "numberValue", value: Number.NaN } } } } },
      },
    },
    "result.a",
  ],
] as const)("findUnwritable() finds %s", ([, desc, fields, path]) => {
  const message = create(desc, fields as never);
  expect(() => toJson(desc, message)).toThrow();
  expect(findUnwritable(desc, message)?.path).toBe(path);
});

test("findUnwritable() finds nothing in exactly what protobuf-es writes as JSON", () => {
  const time = fc.record({
    seconds: fc.constantFrom(-62_135_596_801n, -62_135_596_800n, 0n, 253_402_300_799n, 253_402_300_800n),
    nanos: fc.constantFrom(-1, 0, 999_999_999, 1_000_000_000),
  });
  const duration = fc.record({
    seconds: fc.constantFrom(-315_576_000_001n, -1n, 0n, 1n, 315_576_000_000n),
    nanos: fc.constantFrom(-999_999_999, 0, 5),
  });
  const fields = fc.record({
    time,
    lastProgress: fc.record({
      fields: fc.dictionary(fc.string({ unit: "grapheme" }), fc.oneof(fc.double(), fc.array(fc.double()))),
    }),
  });
  fc.assert(
    fc.property(fields, fc.record({ timeout: duration }), (event, spec) => {
      for (const [desc, message] of [
        [JobEventSchema, create(JobEventSchema, event as never)],
        [JobSpecSchema, create(JobSpecSchema, spec)],
      ] as const) {
        let isWritten = true;
        try {
          toJson(desc as never, message as never);
        } catch {
          isWritten = false;
        }
        expect(findUnwritable(desc, message) === undefined).toBe(isWritten);
      }
    }),
  );
});
