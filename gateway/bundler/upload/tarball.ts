import { buffer } from "node:stream/consumers";
import { extract, type Header } from "tar-stream";
import type { BundlerLimits } from "../bundler_limits.ts";
import { BundleError, badUpload } from "../problem.ts";
import { type ArchiveEntry, createUnpacking } from "./archive.ts";
import type { UploadFiles } from "./upload_files.ts";

const BLOCK_BYTES = 512;

/** The Unix Version 7 format has no magic number. The types of tar-stream lack this option. */
const ANY_FORMAT = { allowUnknownFormat: true } as Parameters<typeof extract>[0];

/** Position of the checksum in a header; it counts as spaces in its own computation. */
const CHECKSUM = { start: 148, end: 156 } as const;

/** Whether the bytes begin with a tar header, or with the empty block that ends a tarball. */
export function isTar(content: Uint8Array): boolean {
  if (content.length < BLOCK_BYTES) return false;
  const block = content.subarray(0, BLOCK_BYTES);
  if (block.every((byte) => byte === 0)) return true;
  const stored = Number.parseInt(Buffer.from(block.subarray(CHECKSUM.start, CHECKSUM.end)).toString("latin1"), 8);
  const inChecksum = (at: number) => at >= CHECKSUM.start && at < CHECKSUM.end;
  return stored === block.reduce((sum, byte, at) => sum + (inChecksum(at) ? 0x20 : byte), 0);
}

/** Reads an uncompressed tarball. */
export async function readTarball(content: Uint8Array, limits: BundlerLimits): Promise<UploadFiles> {
  const unpacking = createUnpacking("tarball", limits);
  const tar = extract(ANY_FORMAT);
  tar.end(content);
  try {
    for await (const entry of tar) unpacking.add(toEntry(entry.header, await buffer(entry)));
  } catch (error) {
    if (error instanceof BundleError) throw error;
    throw badUpload(`The tarball is damaged: ${error instanceof Error ? error.message : error}`);
  }
  return unpacking.finish();
}

function toEntry({ name, type, linkname, pax }: Header, content: Uint8Array): ArchiveEntry {
  // GNU tar writes a map of the holes before the content, under its own name.
  if (Object.keys(pax ?? {}).some((key) => key.startsWith("GNU.sparse."))) {
    return { type: "other", name, what: "a sparse file (pack it without --sparse)" };
  }
  switch (type) {
    case "file":
    case "contiguous-file":
      return { type: "file", name, content };
    case "directory":
      return { type: "directory", name };
    case "symlink":
    case "link":
      return { type, name, target: linkname ?? "" };
    default:
      return { type: "other", name, what: type ? `a ${type}` : "an entry of an unknown type" };
  }
}
