import { mkdir, open, readdir, rename, stat, unlink, utimes } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type BlobStore, type Digest, translateErrors } from "../contract/mod.ts";
import { hashContent } from "../files/mod.ts";
import { createFolder, syncFolder } from "./durable.ts";
import { BLOB_FOLDER, digestOfFile, locateBlob, PREFIXES, TEMPORARY_FOLDER } from "./layout.ts";
import { removeAbandoned, temporaryPath, writeTemporaryFile } from "./temporary.ts";
import { fileSystemFault } from "./unavailable.ts";
import { openVerified } from "./verified.ts";

/** Opens the store in a directory, which it creates if needed. Removes partial files of a crash. */
export async function openBlobStore(directory: string): Promise<BlobStore> {
  const root = resolve(directory);
  const blobs = join(root, BLOB_FOLDER);
  const temporaries = join(root, TEMPORARY_FOLDER);
  await createFolder(blobs);
  await createFolder(temporaries);
  await Promise.all(PREFIXES.map((prefix) => mkdir(join(blobs, prefix), { recursive: true, mode: 0o700 })));
  await syncFolder(blobs);
  await removeAbandoned(temporaries);

  const store: BlobStore = {
    async put(content) {
      if (content instanceof Uint8Array) {
        const digest = await hashContent(content);
        if (await renewBlob(root, digest, content.length)) return { digest, sizeBytes: content.length };
      }
      await using temporary = await writeTemporaryFile(temporaries, content);
      const { digest, sizeBytes } = temporary;
      const { folder, file } = mustLocate(root, digest);
      // Also replaces an existing file: its content is the same, or it is damaged.
      await rename(temporary.path, file);
      await syncFolder(folder);
      return { digest, sizeBytes };
    },

    async open(digest) {
      const blob = locateBlob(root, digest);
      const handle = blob && (await open(blob.file).catch(undefinedWhenAbsent));
      return handle && openVerified(handle, digest);
    },

    async renew(digest) {
      const blob = locateBlob(root, digest);
      return blob !== undefined && (await renewFile(blob.file));
    },

    async delete(digest, { storedBefore } = {}) {
      const blob = locateBlob(root, digest);
      if (!blob) return false;
      if (storedBefore !== undefined) return deleteStoredBefore(blob.file, { storedBefore, temporaries });
      return succeeds(unlink(blob.file));
    },

    async *list() {
      for (const prefix of PREFIXES) {
        for (const name of await readdir(join(blobs, prefix))) {
          const digest = digestOfFile(prefix, name);
          const stats = digest && (await stat(join(blobs, prefix, name)).catch(undefinedWhenAbsent));
          if (stats) yield { digest, storedAt: stats.mtime };
        }
      }
    },

    async checkHealth(options) {
      options?.signal?.throwIfAborted();
      await using _probe = await writeTemporaryFile(temporaries, new Uint8Array(1));
    },

    async [Symbol.asyncDispose]() {},
  };
  return translateErrors(store, (error) => fileSystemFault(root, error));
}

/** Whether the blob exists with its full size. If so, makes it durable and resets its age. */
async function renewBlob(root: string, digest: Digest, sizeBytes: number): Promise<boolean> {
  const { folder, file } = mustLocate(root, digest);
  if (!(await renewFile(file))) return false;
  const stats = await stat(file).catch(undefinedWhenAbsent);
  if (stats?.size !== sizeBytes) return false;
  // Its writer may not have finished this step.
  await syncFolder(folder);
  return true;
}

/** The modification time of a file is the age of its blob. */
function renewFile(file: string): Promise<boolean> {
  const now = new Date();
  return succeeds(utimes(file, now, now));
}

/**
 * Moves the file away first and checks its age then: a renewal up to that moment puts it back, a later one finds no file and writes it
 * again.
 */
async function deleteStoredBefore(
  file: string,
  { storedBefore, temporaries }: { readonly storedBefore: Date; readonly temporaries: string },
): Promise<boolean> {
  const taken = temporaryPath(temporaries);
  if (!(await succeeds(rename(file, taken)))) return false;
  const isOld = (await stat(taken)).mtime < storedBefore;
  if (isOld) {
    await unlink(taken);
    return true;
  }
  await rename(taken, file);
  await syncFolder(dirname(file));
  return false;
}

/** False for a missing file. */
function succeeds(action: Promise<void>): Promise<boolean> {
  return action.then(
    () => true,
    (error) => undefinedWhenAbsent(error) ?? false,
  );
}

function mustLocate(root: string, digest: Digest): { folder: string; file: string } {
  const blob = locateBlob(root, digest);
  if (!blob) throw new Error(`Cannot locate blob "${digest}": it is not a digest`);
  return blob;
}

function undefinedWhenAbsent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
