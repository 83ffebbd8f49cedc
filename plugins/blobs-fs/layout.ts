import { join } from "node:path";
import type { Digest } from "../contract/mod.ts";

/** Folder of the blobs: `sha256/ab/<the other 62 digits>`. */
export const BLOB_FOLDER = "sha256";

/** Folder of temporary files, on the same file system as the blobs so that they can be renamed. */
export const TEMPORARY_FOLDER = "tmp";

/** All folders of blobs, `00` to `ff`. */
export const PREFIXES: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

/** Path of a blob. Undefined for a malformed digest, which never becomes a path. */
export function locateBlob(root: string, digest: Digest): { folder: string; file: string } | undefined {
  const [, prefix, rest] = /^sha256:([0-9a-f]{2})([0-9a-f]{62})$/.exec(digest) ?? [];
  if (!prefix || !rest) return undefined;
  const folder = join(root, BLOB_FOLDER, prefix);
  return { folder, file: join(folder, rest) };
}

/** The digest of the blob in a file. Undefined for other files. */
export function digestOfFile(prefix: string, name: string): Digest | undefined {
  return /^[0-9a-f]{62}$/.test(name) ? `sha256:${prefix}${name}` : undefined;
}
