import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Digest } from "../contract/mod.ts";

const CHUNK_BYTES = 64 * 1024;

/** Files of streams that were neither read nor cancelled. Node ends the process when it collects an open file. */
const abandoned = new FinalizationRegistry<FileHandle>((file) => {
  // The error is irrelevant: nothing was read.
  file.close().catch(() => {});
});

/**
 * Streams a file, and errors at its end when it does not match the digest. Closes the file at the end, on error, on cancel, and when the
 * stream is collected.
 */
export function openVerified(file: FileHandle, digest: Digest): ReadableStream<Uint8Array> {
  const hash = createHash("sha256");

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(CHUNK_BYTES) });
        if (bytesRead > 0) {
          const chunk = buffer.subarray(0, bytesRead);
          hash.update(chunk);
          controller.enqueue(chunk);
          return;
        }
        await file.close();
        const found = `sha256:${hash.digest("hex")}`;
        if (found !== digest) throw new Error(`Cannot read blob "${digest}": its file holds "${found}"`);
        controller.close();
      },
      cancel: () => file.close(),
    },
    // Reads on demand only.
    { highWaterMark: 0 },
  );
  abandoned.register(stream, file);
  return stream;
}
