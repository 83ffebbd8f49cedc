import { asyncIterator, encodeText, NativeReadableStream, NativeTypeError, own } from "../confinement/primordials.ts";
import { bytesOf, resultJson } from "./result_json.ts";
import { ResultRefused, type ResultStream } from "./result_stream.ts";

/** A result that is made piece by piece. */
export interface StreamedResult {
  readonly mediaType: string;
  /** Resolves when it is made, and its parts are written. Leaves the source when a write rejects. */
  writeTo(stream: ResultStream): Promise<void>;
}

/** A ReadableStream is bytes; any other async iterable is an array of values; undefined for what is neither. */
export function streamedResult(value: unknown): StreamedResult | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof NativeReadableStream) {
    return { mediaType: "application/octet-stream", writeTo: (stream) => writeBytes(value, stream) };
  }
  return isAsyncIterable(value)
    ? { mediaType: "application/json", writeTo: (stream) => writeArray(value, stream) }
    : undefined;
}

/** A result that was made as a whole, and is too long for one report. */
export function wholeResult(json: string): StreamedResult {
  return { mediaType: "application/json", writeTo: (stream) => stream.write(encodeText(json)) };
}

/** One item over this is refused, as a result that is returned as a whole. */
export const MAX_JSON_CHARACTERS = 64 * 1024 * 1024;

async function writeBytes(source: AsyncIterable<unknown>, stream: ResultStream): Promise<void> {
  for await (const part of source) {
    await own(stream.write(typeof part === "string" ? encodeText(part) : toBytes(part)));
  }
}

async function writeArray(source: AsyncIterable<unknown>, stream: ResultStream): Promise<void> {
  let index = 0;
  for await (const item of source) {
    // As in an array that is returned as a whole.
    const json = resultJson(item, { path: `result[${index}]` }) ?? "null";
    if (json.length > MAX_JSON_CHARACTERS) {
      throw new ResultRefused(
        `An item of the result is ${json.length} characters of JSON; at most ${MAX_JSON_CHARACTERS} are taken`,
      );
    }
    await own(stream.write(encodeText(`${index === 0 ? "[" : ","}${json}`)));
    index += 1;
  }
  await own(stream.write(encodeText(index === 0 ? "[]" : "]")));
}

function toBytes(part: unknown): Uint8Array {
  const bytes = typeof part === "object" && part !== null ? bytesOf(part) : undefined;
  if (bytes !== undefined) return bytes;
  throw new NativeTypeError(
    "Cannot stream the result: a ReadableStream is of bytes or text; return an async iterable to stream an array of values",
  );
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return asyncIterator in value && typeof value[asyncIterator] === "function";
}
