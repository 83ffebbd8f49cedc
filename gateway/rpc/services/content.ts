import { setImmediate as nextTurn } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { type HttpBody, HttpBodySchema } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";

/** Reads a whole content by a stored digest. Rejects with the signal's reason if it is aborted before its turn. */
export type ReadContent = (digest: string, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;

/** Creates a reader of whole contents, one at a time: many that complete at once would block the event loop for seconds. */
export function createContentReader({ blobs }: Pick<Core, "blobs">): ReadContent {
  let last: Promise<unknown> = Promise.resolve();
  return (digest, { signal }) => {
    const before = last;
    const read = async (): Promise<Uint8Array> => {
      await before;
      // Handlers of the previous read run in an event-loop turn of their own.
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

/** Opens the content of a stored digest as a stream. */
export async function openContent({ blobs }: Pick<Core, "blobs">, digest: string): Promise<ReadableStream<Uint8Array>> {
  const content = await blobs.open(digest);
  if (content === undefined) throw new Error(`The blob store has lost ${digest}`);
  return content;
}

/** Maximum size of content in one message, in bytes: gRPC clients accept 4 MiB, and the blob store chooses the size of its chunks. */
const CHUNK_BYTES = 1024 * 1024;

/** Converts content to the messages of a streamed HttpBody; the first one has the type. Cancels the content if the consumer stops early. */
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
