import fc from "fast-check";
import { expect, test } from "vitest";
import { createRedactedStream } from "./redacted_stream.ts";
import { createRedactor, type Redactor } from "./redactor.ts";

function redactorOf(value: string): Redactor {
  const redactor = createRedactor(new Map([["NAME", [value]]]));
  if (redactor === undefined) throw new Error("there is nothing to redact");
  return redactor;
}

/** Splits bytes into pieces of these lengths, and the rest. */
function redact(mediaType: string, text: string, lengths: readonly number[], redactor: Redactor): string {
  const stream = createRedactedStream(redactor, mediaType);
  const bytes = Buffer.from(text);
  const told: Uint8Array[] = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    told.push(stream.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat([...told, stream.end()]).toString();
}

const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });
const secret = 'pä"ss\nwörd😀';
const redactor = redactorOf(secret);
const part = fc.oneof(fc.constantFrom(secret, secret.slice(0, 5), secret.slice(3)), fc.string({ maxLength: 5 }));
const texts = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));

test("a stream of bytes is redacted like its text, at any split", () => {
  fc.assert(
    fc.property(texts, lengths, (text, cuts) => {
      expect(redact("application/octet-stream", text.toWellFormed(), cuts, redactor)).toBe(
        redactor.text(text.toWellFormed()),
      );
    }),
    { numRuns: 500 },
  );
});

test("a stream of JSON is redacted like the JSON, at any split, and stays JSON", () => {
  const content = fc.array(fc.oneof(texts, fc.double({ noNaN: true }), fc.dictionary(texts, texts, { maxKeys: 2 })));
  fc.assert(
    fc.property(content, lengths, (values, cuts) => {
      const json = JSON.stringify(values);
      expect(redact("application/json", json, cuts, redactor)).toBe(redactor.jsonPart(json));
    }),
    { numRuns: 500 },
  );
});

test("bytes that are not text stay unchanged", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), lengths, (bytes, cuts) => {
      const stream = createRedactedStream(redactor, "application/octet-stream");
      const told: Uint8Array[] = [];
      let at = 0;
      for (const length of [...cuts, bytes.length]) {
        told.push(stream.push(bytes.subarray(at, at + length)));
        at += length;
      }
      expect(Buffer.concat([...told, stream.end()])).toEqual(Buffer.from(bytes));
    }),
  );
});

test("a secret number becomes a text in a stream of JSON", () => {
  expect(redact("application/json", "[1,123456,2]", [3, 2, 2], redactorOf("123456"))).toBe('[1,"[secret NAME]",2]');
});
