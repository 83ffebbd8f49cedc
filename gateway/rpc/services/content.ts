import { setImmediate as nextTurn } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type HttpBody, HttpBodySchema } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";

/** Reads the whole content of a digest that the record names. Rejects with the signal's reason when that is aborted before its turn. */
export type ReadContent = (digest: string, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;

/** Makes a reader of whole contents, one at a time: many that end together would stop the event loop for seconds. */
export function createContentReader({ blobs }: Pick<Core, "blobs">): ReadContent {
  let last: Promise<unknown> = Promise.resolve();
  return (digest, { signal }) => {
    const before = last;
    const read = async (): Promise<Uint8Array> => {
      await before;
      // What the one before leads to has a turn of the event loop of its own.
      await nextTurn();
      signal.throwIfAborted();
      return readAll(await openContent({ blobs }, digest));
    };
    const content = read();
    last = Promise.allSettled([content]);
    return content;
  };
}

export async function readAll(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(content));
}

/** The content of a digest that the record names, as a stream. */
export async function openContent({ blobs }: Pick<Core, "blobs">, digest: string): Promise<ReadableStream<Uint8Array>> {
  const content = await blobs.open(digest);
  if (content === undefined) throw new Error(`The blob store has lost ${digest}`);
  return content;
}

/** Most bytes of content in one message: clients of gRPC take 4 MiB, and the part that stores the content chooses how it is cut. */
const CHUNK_BYTES = 1024 * 1024;

/** A content as the messages of a streamed HttpBody: the first has the type. The content is cancelled when they are not taken to the end. */
export async function* toHttpBodies(content: AsyncIterable<Uint8Array>, contentType: string): AsyncGenerator<HttpBody> {
  const parts = content[Symbol.asyncIterator]();
  try {
    yield create(HttpBodySchema, { contentType });
    for (let part = await parts.next(); !part.done; part = await parts.next()) {
      const { value: data } = part;
      for (let start = 0; start === 0 || start < data.length; start += CHUNK_BYTES) {
        yield create(HttpBodySchema, { data: data.subarray(start, start + CHUNK_BYTES) });
      }
    }
  } finally {
    await parts.return?.();
  }
}
