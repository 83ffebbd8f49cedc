/** A blob store in memory: a whole plugin, as somebody would write it in a repository of their own. */
import { createHash } from "node:crypto";
import { type BlobStore, definePlugin } from "hearth/plugins";
import { z } from "zod";

export default definePlugin({
  kind: "blobs",
  name: "memory",
  config: z.strictObject({
    /** The most that all blobs together may take, in bytes. */
    maxBytes: z
      .int()
      .positive()
      .default(256 * 1024 * 1024),
  }),
  async start({ config, log }) {
    log.info("blobs are kept until this gateway ends", { maxBytes: config.maxBytes });
    return createBlobStore(new Map(), config);
  },
});

interface Blob {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly storedAt: Date;
}

export function createBlobStore(blobs: Map<string, Blob>, { maxBytes }: { maxBytes: number }): BlobStore {
  return {
    async put(content) {
      const pieces = content instanceof Uint8Array ? [content] : await Array.fromAsync(content);
      const bytes = new Uint8Array(Buffer.concat(pieces));
      const digest = digestOf(bytes);
      const usedBytes = [...blobs.values()].reduce((sum, blob) => sum + blob.bytes.length, 0);
      if (!blobs.has(digest) && usedBytes + bytes.length > maxBytes)
        throw new Error("Cannot store a blob: memory is full");
      blobs.set(digest, { bytes, storedAt: new Date() });
      return { digest, sizeBytes: bytes.length };
    },
    async open(digest) {
      const blob = blobs.get(digest);
      if (!blob) return undefined;
      return new ReadableStream({
        start(controller) {
          if (digestOf(blob.bytes) !== digest) throw new Error(`Cannot read blob "${digest}": it is damaged`);
          if (blob.bytes.length > 0) controller.enqueue(blob.bytes.slice());
          controller.close();
        },
      });
    },
    async renew(digest) {
      const blob = blobs.get(digest);
      if (blob) blobs.set(digest, { ...blob, storedAt: new Date() });
      return blob !== undefined;
    },
    async delete(digest, { storedBefore } = {}) {
      const blob = blobs.get(digest);
      if (!blob || (storedBefore && blob.storedAt >= storedBefore)) return false;
      return blobs.delete(digest);
    },
    async *list() {
      for (const [digest, { storedAt }] of blobs) yield { digest, storedAt };
    },
    async checkHealth(options) {
      options?.signal?.throwIfAborted();
    },
    async [Symbol.asyncDispose]() {},
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
