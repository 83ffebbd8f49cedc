import { describeBlobs } from "hearth/conformance";
import { createBlobStore } from "./mod.ts";

describeBlobs("blobs-memory", async () => {
  const blobs: Parameters<typeof createBlobStore>[0] = new Map();
  return {
    open: async () => createBlobStore(blobs, { maxBytes: 100_000_000 }),
    async damage(digest) {
      blobs.get(digest)?.bytes.set([1, 2, 3], 1000);
    },
    async [Symbol.asyncDispose]() {},
  };
});
