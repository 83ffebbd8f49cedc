import { join } from "node:path";
import type { Digest } from "../contract/mod.ts";

/** Folder of the blobs: `sha256/ab/<the other 62 digits>`. */
export const BLOB_FOLDER = "sha256";

/** Folder of what is being written; on the same file system as the blobs, so that it can be renamed. */
export const TEMPORARY_FOLDER = "tmp";

/** All folders of blobs, `00` to `ff`. */
export const PREFIXES: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

/** Where a blob is; undefined for what is no digest, so that no path is ever made of it. */
export function locateBlob(root: string, digest: Digest): { folder: string; file: string } | undefined {
  const [, prefix, rest] = /^sha256:([0-9a-f]{2})([0-9a-f]{62})$/.exec(digest) ?? [];
  if (!prefix || !rest) return undefined;
  const folder = join(root, BLOB_FOLDER, prefix);
  return { folder, file: join(folder, rest) };
}

/** The digest of the blob in a file; undefined for a file that is none. */
export function digestOfFile(prefix: string, name: string): Digest | undefined {
  return /^[0-9a-f]{62}$/.test(name) ? `sha256:${prefix}${name}` : undefined;
}
