import { crc32, inflateRawSync } from "node:zlib";
import type { ZipEntry } from "./directory.ts";
import { SIGNATURE, viewOf } from "./signatures.ts";
import { damaged, shownName, ZipError } from "./zip_error.ts";

const LOCAL_BYTES = 30;
const FLAG_ENCRYPTED = 0x0001;
const STORED = 0;
const DEFLATED = 8;

/** The bytes of an entry as stored. Throws a ZipError if it is encrypted, or not where the directory says. */
export function storedBytes(content: Uint8Array, entry: ZipEntry): Uint8Array {
  const shown = shownName(entry.name);
  if ((entry.flags & FLAG_ENCRYPTED) !== 0) throw new ZipError(`holds ${shown}, which is encrypted`);
  const start = dataOffset(content, entry);
  if (start + entry.compressedBytes > content.length) throw damaged(`${shown} is cut off`);
  return content.subarray(start, start + entry.compressedBytes);
}

/** The content of an entry, verified by its size and checksum. Allocates the declared size: check that first. */
export function inflateEntry(stored: Uint8Array, entry: ZipEntry): Uint8Array {
  const data = decompressed(stored, entry);
  if (data.length !== entry.sizeBytes || crc32(data) !== entry.checksum) {
    throw damaged(`${shownName(entry.name)} differs from its checksum`);
  }
  return data;
}

function decompressed(stored: Uint8Array, { name, method, sizeBytes }: ZipEntry): Uint8Array {
  if (method === STORED) return stored;
  if (method !== DEFLATED) {
    throw new ZipError(`holds ${shownName(name)}, which is compressed by method ${method}: only Deflate is supported`);
  }
  try {
    return inflateRawSync(stored, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw damaged(`${shownName(name)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function dataOffset(content: Uint8Array, { localOffset, name }: ZipEntry): number {
  const view = viewOf(content);
  if (localOffset + LOCAL_BYTES > content.length || view.getUint32(localOffset, true) !== SIGNATURE.local) {
    throw damaged(`${shownName(name)} is not where the directory says`);
  }
  const nameBytes = view.getUint16(localOffset + 26, true);
  return localOffset + LOCAL_BYTES + nameBytes + view.getUint16(localOffset + 28, true);
}
