import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BlobStore, Digest } from "../contract/mod.ts";
import { createFolder, syncFolder } from "./durable.ts";
import { BLOB_FOLDER, digestOfFile, locateBlob, PREFIXES, TEMPORARY_FOLDER } from "./layout.ts";
import { removeAbandoned, writeTemporaryFile } from "./temporary.ts";
import { openVerified } from "./verified.ts";

/** Opens the store in a directory, creates it when absent, and removes what a crash left half-written. */
export async function openBlobStore(directory: string): Promise<BlobStore> {
  const root = resolve(directory);
  const blobs = join(root, BLOB_FOLDER);
  const temporaries = join(root, TEMPORARY_FOLDER);
  await createFolder(blobs);
  await createFolder(temporaries);
  await Promise.all(PREFIXES.map((prefix) => mkdir(join(blobs, prefix), { recursive: true, mode: 0o700 })));
  await syncFolder(blobs);
  await removeAbandoned(temporaries);

  return {
    async put(content) {
      if (content instanceof Uint8Array) {
        const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
        if (await hasBlob(root, digest, content.length)) return { digest, sizeBytes: content.length };
      }
      await using temporary = await writeTemporaryFile(temporaries, content);
      const { digest, sizeBytes } = temporary;
      const { folder, file } = mustLocate(root, digest);
      // Also over a file that is there already: the content is the same, or that file is damaged.
      await rename(temporary.path, file);
      await syncFolder(folder);
      return { digest, sizeBytes };
    },

    async open(digest) {
      const blob = locateBlob(root, digest);
      const handle = blob && (await open(blob.file).catch(undefinedWhenAbsent));
      return handle && openVerified(handle, digest);
    },

    async delete(digest) {
      const blob = locateBlob(root, digest);
      if (!blob) return false;
      return unlink(blob.file).then(
        () => true,
        (error) => undefinedWhenAbsent(error) ?? false,
      );
    },

    async *list() {
      for (const prefix of PREFIXES) {
        for (const name of await readdir(join(blobs, prefix))) {
          const digest = digestOfFile(prefix, name);
          if (digest) yield digest;
        }
      }
    },

    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      await using _probe = await writeTemporaryFile(temporaries, new Uint8Array(1));
    },

    async [Symbol.asyncDispose]() {},
  };
}

/** Whether the blob is there in its full size; when true, it is durable. */
async function hasBlob(root: string, digest: Digest, sizeBytes: number): Promise<boolean> {
  const { folder, file } = mustLocate(root, digest);
  const stats = await stat(file).catch(undefinedWhenAbsent);
  if (stats?.size !== sizeBytes) return false;
  // Whoever stored it may not have come so far yet.
  await syncFolder(folder);
  return true;
}

function mustLocate(root: string, digest: Digest): { folder: string; file: string } {
  const blob = locateBlob(root, digest);
  if (!blob) throw new Error(`Cannot locate blob "${digest}": that is no digest`);
  return blob;
}

function undefinedWhenAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
