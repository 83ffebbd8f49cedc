import { inflateEntry, storedBytes, type ZipEntry, ZipError, zipEntries } from "../../../lib/zip/mod.ts";
import type { BundlerLimits } from "../bundler_limits.ts";
import { badUpload } from "../problem.ts";
import { type ArchiveEntry, createUnpacking } from "./archive.ts";
import type { UploadFiles } from "./upload_files.ts";

export { isZip } from "../../../lib/zip/mod.ts";

/** Systems that store Unix modes in the upper half of the external attributes. */
const UNIX_SYSTEMS = new Set([3, 19]);
const FILE_TYPE_MASK = 0o170000;
const FILE_TYPES = new Map<number, "file" | "directory" | "symlink">([
  [0, "file"],
  [0o100000, "file"],
  [0o040000, "directory"],
  [0o120000, "symlink"],
]);

/** Reads a zip archive by its central directory. Counts all unpacked bytes, also of entries that share their bytes. */
export function readZip(content: Uint8Array, limits: BundlerLimits): UploadFiles {
  const unpacking = createUnpacking("zip archive", limits);
  let leftBytes = limits.unpackedBytes;
  try {
    for (const entry of zipEntries(content)) {
      const stored = storedBytes(content, entry);
      if (entry.sizeBytes > leftBytes) {
        throw badUpload(`The zip archive unpacks to more than ${limits.unpackedBytes} bytes`);
      }
      const data = inflateEntry(stored, entry);
      leftBytes -= data.length;
      unpacking.add(toEntry(entry, data));
    }
  } catch (error) {
    throw translated(error);
  }
  return unpacking.finish();
}

/** The names in the central directory. Throws a BundleError if it is not readable. */
export function* zipNames(content: Uint8Array, options: Parameters<typeof zipEntries>[1] = {}): Generator<string> {
  try {
    for (const { name } of zipEntries(content, options)) yield name;
  } catch (error) {
    throw translated(error);
  }
}

/** Converts an error of the zip reader to an error of the upload. */
function translated(error: unknown): unknown {
  return error instanceof ZipError ? badUpload(error.message) : error;
}

function toEntry({ name, system, attributes }: ZipEntry, content: Uint8Array): ArchiveEntry {
  if (name.endsWith("/")) return { type: "directory", name };
  const mode = UNIX_SYSTEMS.has(system) ? attributes >>> 16 : 0;
  const type = FILE_TYPES.get(mode & FILE_TYPE_MASK);
  switch (type) {
    case "file":
      return { type, name, content };
    case "directory":
      return { type, name };
    case "symlink":
      return { type, name, target: Buffer.from(content).toString("utf8") };
    case undefined:
      return { type: "other", name, what: "a special file" };
    default:
      return type satisfies never;
  }
}
