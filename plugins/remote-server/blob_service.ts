import { createHash } from "node:crypto";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import type { BlobService, PutBlobRequest } from "../../proto/remote_plugin.ts";
import type { BlobStore } from "../contract/mod.ts";
import type { Methods } from "./methods.ts";
import { CallRefused } from "./refused.ts";

/** The most that a chunk has, by the contract. */
const MAX_CHUNK_BYTES = 1024 * 1024;

/** Blobs in one message of a list. */
const PAGE_SIZE = 1000;

export function createBlobService(blobs: () => BlobStore): Methods<typeof BlobService> {
  return {
    async checkHealth(_request, { signal }) {
      await blobs().checkHealth({ signal });
      return {};
    },
    async putBlob(messages) {
      await blobs().put(contentOf(messages));
      return {};
    },
    async *readBlob({ digest }) {
      const content = await blobs().open(digest);
      if (content === undefined) return;
      let isEmpty = true;
      for await (const piece of content) {
        for (let start = 0; start < piece.length; start += MAX_CHUNK_BYTES) {
          isEmpty = false;
          yield { chunk: new Uint8Array(piece.subarray(start, start + MAX_CHUNK_BYTES)) };
        }
      }
      if (isEmpty) yield {};
    },
    renewBlob: async ({ digest }) => ({ renewed: await blobs().renew(digest) }),
    deleteBlob: async ({ digest, storedBefore }) => ({
      deleted: await blobs().delete(digest, { storedBefore: storedBefore && timestampDate(storedBefore) }),
    }),
    async *listBlobs() {
      let page: { digest: string; storedAt: ReturnType<typeof timestampFromDate> }[] = [];
      for await (const { digest, storedAt } of blobs().list()) {
        page.push({ digest, storedAt: timestampFromDate(storedAt) });
        if (page.length < PAGE_SIZE) continue;
        yield { blobs: page };
        page = [];
      }
      yield { blobs: page };
    },
  };
}

/** The content that a stream brings. Throws when it is not whole, and so lets the put fail. */
async function* contentOf(messages: AsyncIterable<PutBlobRequest>): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let sizeBytes = 0n;
  let isWhole = false;
  for await (const { part } of messages) {
    if (isWhole) throw new CallRefused("the content goes on after its end", status.INVALID_ARGUMENT);
    switch (part.case) {
      case "chunk":
        hash.update(part.value);
        sizeBytes += BigInt(part.value.length);
        yield part.value;
        break;
      case "end":
        isWhole = part.value.sizeBytes === sizeBytes && part.value.digest === `sha256:${hash.digest("hex")}`;
        if (!isWhole) throw new CallRefused("the content is not the one that was sent", status.DATA_LOSS);
        break;
      case undefined:
        throw new CallRefused("a message has neither chunk nor end", status.INVALID_ARGUMENT);
      default:
        part satisfies never;
    }
  }
  if (!isWhole) throw new CallRefused("the content has no end", status.DATA_LOSS);
}
