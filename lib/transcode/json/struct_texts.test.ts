import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JobSpecSchema, MAX_NESTING, RunJobRequestSchema } from "../../../proto/mod.ts";
import { keptText } from "./kept_text.ts";
import { takeStructs } from "./struct_texts.ts";

function read(text: string) {
  const json: JsonValue = JSON.parse(text);
  const { rest, restore } = takeStructs(RunJobRequestSchema, json, { text: Buffer.from(text), levels: MAX_NESTING });
  const message = fromJson(RunJobRequestSchema, rest);
  restore(message);
  return message;
}

test("a config goes on as it was written, and reads as what it says", () => {
  const request = read(
    ' { "job" : { "binary": "words",\n "config" : { "a": [1.0, "}"], "b" : {} } , "entryPoint": "x" } }',
  );
  expect(request.job && keptText(request.job, "config")).toBe('{ "a": [1.0, "}"], "b" : {} }');
  expect(request.job).toMatchObject({ binary: "words", entryPoint: "x", config: { a: [1, "}"], b: {} } });
});

test("any request is the same message with the texts as without", () => {
  const name = fc.constantFrom("a", "config", "job", "}", '"', "\\", "ä", "e1");
  const config = fc.dictionary(name, fc.jsonValue(), { noNullPrototype: true });
  const job = fc.record(
    { config, entryPoint: fc.string(), labels: fc.constant({ config: "x", e: "{" }) },
    { requiredKeys: [] },
  );
  const request = fc.record({ requestId: fc.string(), job }, { requiredKeys: [] });
  fc.assert(
    fc.property(request, fc.nat(2), (json, indent) => {
      const text = JSON.stringify(json, undefined, indent);
      const message = read(text);
      expect(toJson(RunJobRequestSchema, message)).toEqual(
        toJson(RunJobRequestSchema, fromJson(RunJobRequestSchema, JSON.parse(text))),
      );
      const kept = message.job && keptText(message.job, "config");
      if (kept !== undefined) expect(JSON.parse(kept)).toEqual(JSON.parse(text).job.config);
    }),
  );
});

test.each([
  ["a number beyond those of a double", '{"config":{"a":1e400}}'],
  ["a number of many digits", `{"config":{"a":${"1".repeat(400)}}}`],
  ["a depth beyond that of messages", `{"config":{"a":${"[".repeat(40)}${"]".repeat(40)}}}`],
  ["a name that is written with escapes", '{"c\\u006fnfig":{"a":1}}'],
  ["something else than an object", '{"config":[1]}'],
])("a config with %s is left to protobuf-es", (_, text) => {
  const json: JsonValue = JSON.parse(text);
  expect(takeStructs(JobSpecSchema, json, { text: Buffer.from(text), levels: MAX_NESTING }).rest).toBe(json);
});

test("a config of forty levels, and words with an e, are plain text", () => {
  const text = `{"config":{"a":${"[".repeat(39)}true,false,null,"1e5",12.5,-3${"]".repeat(39)}}}`;
  const { rest } = takeStructs(JobSpecSchema, JSON.parse(text), { text: Buffer.from(text), levels: MAX_NESTING });
  expect(rest).toEqual({});
});
