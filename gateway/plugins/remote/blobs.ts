import { createHash } from "node:crypto";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { BlobStore, Digest } from "../../../plugins/contract/mod.ts";
import { blobsUnavailable } from "../../../proto/errors.ts";
import { BlobService, type ReadBlobResponse } from "../../../proto/remote_plugin.ts";
import type { Connection } from "./connection.ts";
import { defined } from "./connection.ts";
import { RemoteCallError } from "./remote_call_error.ts";

const { method } = BlobService;

/**
 * Size of the chunks that are sent, in bytes: far below the limits of gRPC servers, and large enough that the cost per message is
 * negligible.
 */
const CHUNK_BYTES = 256 * 1024;

/** A remote blob store. While it is unavailable, its methods and streams reject with Unavailable. */
export function createBlobStore(name: string, connection: Connection): BlobStore {
  async function orUnavailable<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (cause) {
      const state = cause instanceof RemoteCallError ? cause.storeState : undefined;
      throw state === undefined ? cause : blobsUnavailable(name, cause, state);
    }
  }

  return {
    async put(content) {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      let digest = "";
      async function* messages() {
        for await (const chunk of chunksOf(content)) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          yield { part: { case: "chunk", value: chunk } } as const;
        }
        digest = toDigest(hash);
        yield { part: { case: "end", value: { digest, sizeBytes: BigInt(sizeBytes) } } } as const;
      }
      await orUnavailable(connection.send(method.putBlob, messages()));
      return { digest, sizeBytes };
    },
    async open(digest) {
      const messages = connection.receive(method.readBlob, { digest });
      const next = () => orUnavailable(messages.next());
      const first = await next();
      return first.done
        ? undefined
        : streamVerified(digest, { first: first.value, next, stop: () => messages.return() });
    },
    async renew(digest) {
      return (await orUnavailable(connection.call(method.renewBlob, { digest }))).renewed;
    },
    async delete(digest, { storedBefore } = {}) {
      const condition = defined({ storedBefore: storedBefore && timestampFromDate(storedBefore) });
      return (await orUnavailable(connection.call(method.deleteBlob, { digest, ...condition }))).deleted;
    },
    async *list() {
      await using pages = connection.receive(method.listBlobs, {});
      for (;;) {
        const page = await orUnavailable(pages.next());
        if (page.done) return;
        for (const { digest, storedAt } of page.value.blobs) {
          if (storedAt === undefined) throw new Error(`the blob plugin did not return the age of "${digest}"`);
          yield { digest, storedAt: timestampDate(storedAt) };
        }
      }
    },
    async checkHealth({ signal } = {}) {
      await orUnavailable(connection.call(method.checkHealth, {}, { signal }));
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

async function* chunksOf(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of content instanceof Uint8Array ? [content] : content) {
    for (let start = 0; start < piece.length; start += CHUNK_BYTES) {
      yield new Uint8Array(piece.subarray(start, start + CHUNK_BYTES));
    }
  }
}

interface Messages {
  /** The message that was already read. */
  readonly first: ReadBlobResponse;
  readonly next: () => Promise<IteratorResult<ReadBlobResponse, void>>;
  readonly stop: () => Promise<unknown>;
}

/** Streams the chunks; errors at the end if they do not match the digest. */
function streamVerified(digest: Digest, { first, next, stop }: Messages): ReadableStream<Uint8Array> {
  const hash = createHash("sha256");
  let read: Promise<IteratorResult<ReadBlobResponse, void>> | undefined = Promise.resolve({ value: first });

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const message = await (read ?? next());
        read = undefined;
        if (message.done) {
          const found = toDigest(hash);
          if (found !== digest) throw new Error(`Cannot read blob "${digest}": the plugin returned "${found}"`);
          controller.close();
          return;
        }
        hash.update(message.value.chunk);
        controller.enqueue(message.value.chunk);
      },
      async cancel() {
        await stop();
      },
    },
    // Reads nothing before the consumer pulls.
    { highWaterMark: 0 },
  );
}

function toDigest(hash: ReturnType<typeof createHash>): Digest {
  return `sha256:${hash.digest("hex")}`;
}
