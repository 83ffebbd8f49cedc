import { create, type DescMessage, type Message, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as proto from "../../../proto/mod.ts";
import { JobSchema, type JobSpec, JobSpecSchema, ProgressSchema, RunJobResponseSchema } from "../../../proto/mod.ts";
import { arbitraryMessage } from "../../../test/contract/arbitrary_message.ts";
import { keepText, keptText, readKept } from "./kept_text.ts";
import { printJson } from "./print_json.ts";

const exported: readonly unknown[] = Object.values(proto);
const messages = exported.filter(isMessageDesc).filter(({ typeName }) => typeName.startsWith("hearth."));

test("the messages of all services are tested", () => {
  expect(messages.length).toBeGreaterThan(60);
});

test.each(messages.map((desc) => [desc.typeName, desc] as const))(
  "printJson() prints %s as protobuf-es does",
  (_, desc) => {
    fc.assert(
      fc.property(arbitraryMessage(desc), (message) => {
        expect(textOf(() => printJson(desc, message))).toBe(textOf(() => toJsonString(desc, message)));
      }),
    );
  },
);

test.each<[string, DescMessage, Message]>([
  ["a value of an enum that this release does not know", JobSchema, create(JobSchema, { state: 77 as never })],
  ["the first time there is", JobSchema, create(JobSchema, { createTime: { seconds: -62_135_596_800n } })],
  ["the last time there is", JobSchema, create(JobSchema, { createTime: { seconds: 253_402_300_799n, nanos: 1 } })],
  ["numbers that JSON does not have", ProgressSchema, create(ProgressSchema, { fraction: Number.NaN })],
  ["less than nothing", ProgressSchema, create(ProgressSchema, { fraction: -0 })],
  ["halves of surrogate pairs", JobSchema, create(JobSchema, { context: "\ud800", labels: { "\udc00": "\u2028" } })],
  [
    "JSON of a job",
    RunJobResponseSchema,
    create(RunJobResponseSchema, { result: { kind: { case: "nullValue", value: 0 } } }),
  ],
])("printJson() prints %s as protobuf-es does", (_, desc, message) => {
  expect(printJson(desc, message)).toBe(toJsonString(desc, message));
});

test.each<[string, DescMessage, Message]>([
  ["a time before the year 1", JobSchema, create(JobSchema, { createTime: { seconds: -62_135_596_801n } })],
  ["a time of the year 10000", JobSchema, create(JobSchema, { createTime: { seconds: 253_402_300_800n } })],
  ["a time with a negative part", JobSchema, create(JobSchema, { createTime: { nanos: -1 } })],
  ["an infinite number in JSON", JobSpecSchema, create(JobSpecSchema, { config: { a: [Number.POSITIVE_INFINITY] } })],
])("printJson() refuses %s, as protobuf-es does", (_, desc, message) => {
  expect(() => toJsonString(desc, message)).toThrow();
  expect(() => printJson(desc, message)).toThrow(/cannot/);
});

test("the text of a field is printed as it is, until the field changes", () => {
  const spec = create(JobSpecSchema, { binary: "words", config: { a: 1 } });
  keepText(spec, "config", '{"a": 1.0}');
  expect(printJson(JobSpecSchema, spec)).toBe('{"binary":"words","config":{"a": 1.0}}');
  expect(keptText({ ...spec }, "config")).toBe('{"a": 1.0}');
  const other: JobSpec = { ...spec, config: { b: 2 } };
  expect(keptText(other, "config")).toBeUndefined();
  spec.config = { b: 2 };
  expect(printJson(JobSpecSchema, spec)).toBe('{"binary":"words","config":{"b":2}}');
});

test("a field that is text alone is printed, and readKept() reads it", () => {
  const answer = create(RunJobResponseSchema);
  keepText(answer, "result", "[null]");
  expect(printJson(RunJobResponseSchema, answer)).toBe('{"result":[null]}');
  readKept(RunJobResponseSchema, answer);
  expect(toJsonString(RunJobResponseSchema, answer)).toBe('{"result":[null]}');
});

function isMessageDesc(value: unknown): value is DescMessage {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "message";
}

/** The printed text; undefined if printing throws. */
function textOf(print: () => string): string | undefined {
  try {
    return print();
  } catch {
    return undefined;
  }
}
