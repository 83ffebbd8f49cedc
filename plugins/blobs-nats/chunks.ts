import { createHash, type Hash } from "node:crypto";
import { v7 as uuid } from "uuid";
import type { Digest } from "../contract/mod.ts";
import { type Bucket, type Entry, encodePadded } from "./bucket.ts";

/** Chunk size of NATS object stores. */
const CHUNK_BYTES = 128 * 1024;

/** Content without a name yet. Disposal removes it unless `keep` was called. */
export interface Upload extends AsyncDisposable {
  readonly digest: Digest;
  /** Metadata except the name and the time. */
  readonly content: Pick<Entry, "nuid" | "size" | "chunks" | "digest">;
  keep(): void;
}

/** Stores content under a new id. Leaves nothing behind when it rejects. */
export async function uploadChunks(bucket: Bucket, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Upload> {
  await using cleanUp = new AsyncDisposableStack();
  // Its first half is the time of creation.
  const nuid = uuid();
  const subject = subjectOf(bucket, nuid);
  const hash = createHash("sha256");
  let size = 0;
  let chunks = 0;
  // The sweep finds what cannot be removed while NATS is unavailable.
  cleanUp.defer(async () => {
    if (chunks > 0) await Promise.allSettled([bucket.jsm.streams.purge(bucket.stream, { filter: subject })]);
  });
  for await (const chunk of chunksOf(content)) {
    hash.update(chunk);
    size += chunk.length;
    chunks += 1;
    await bucket.js.publish(subject, chunk);
  }
  const sum = hash.digest();

  const owned = cleanUp.move();
  let isKept = false;
  return {
    digest: `sha256:${sum.toString("hex")}`,
    content: { nuid, size, chunks, digest: `SHA-256=${encodePadded(sum)}` },
    keep() {
      isKept = true;
    },
    async [Symbol.asyncDispose]() {
      if (!isKept) await owned.disposeAsync();
    },
  };
}

/** Streams the chunks of an entry, one per read, and errors at the end when they do not match the digest. */
export function openChunks(
  bucket: Bucket,
  { nuid, chunks }: Pick<Entry, "nuid" | "chunks">,
  digest: Digest,
): ReadableStream<Uint8Array> {
  const subject = subjectOf(bucket, nuid);
  const hash = createHash("sha256");
  let read = 0;
  let seq = 0;

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (read === chunks) {
          requireDigest(hash, digest);
          controller.close();
          return;
        }
        const query = { seq: seq + 1, next_by_subj: subject };
        const message = await bucket.jsm.direct.getMessage(bucket.stream, query);
        if (!message)
          throw new Error(`Cannot read blob "${digest}": ${chunks - read} of its ${chunks} chunks are missing`);
        seq = message.seq;
        read += 1;
        hash.update(message.data);
        controller.enqueue(message.data);
      },
    },
    // Reads on demand only.
    { highWaterMark: 0 },
  );
}

export function subjectOf({ name }: Bucket, nuid: string): string {
  return `$O.${name}.C.${nuid}`;
}

function requireDigest(hash: Hash, digest: Digest): void {
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest) throw new Error(`Cannot read blob "${digest}": its chunks hold "${found}"`);
}

/** The same bytes in pieces of one size, except the last. */
async function* chunksOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = new Uint8Array();
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, piece]) : piece;
    let start = 0;
    for (; bytes.length - start >= CHUNK_BYTES; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES);
    rest = new Uint8Array(bytes.subarray(start));
  }
  if (rest.length > 0) yield rest;
}
