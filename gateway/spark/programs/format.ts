import { isUtf8 } from "node:buffer";

/** Whether bytes may be a file or a folder of ours; the bundler knows for sure. */
export function isProgram(bytes: Uint8Array): boolean {
  return isArchive(bytes) || (isUtf8(bytes) && !bytes.includes(0));
}

/** Whether bytes may be a folder of ours: gzip, a tarball or a zip archive. */
export function isArchive(bytes: Uint8Array): boolean {
  return isGzip(bytes) || isTar(bytes) || isZip(bytes);
}

/** RFC 1952, section 2.3.1. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** POSIX.1, "ustar Interchange Format". */
function isTar(bytes: Uint8Array): boolean {
  return bufferOf(bytes).subarray(257, 262).equals(USTAR);
}

/** A zip archive with its end, but none of those that the JVM or Python load programs from. */
function isZip(bytes: Uint8Array): boolean {
  const buffer = bufferOf(bytes);
  const isWhole = buffer.subarray(0, 4).equals(ZIP_START) && buffer.lastIndexOf(ZIP_END) !== -1;
  return isWhole && !FOREIGN_NAMES.some((name) => buffer.includes(name));
}

const USTAR = Buffer.from("ustar");
const ZIP_START = Buffer.from("PK\u0003\u0004");
const ZIP_END = Buffer.from("PK\u0005\u0006");

/** Names of files that stand uncompressed in jars, eggs and wheels. */
const FOREIGN_NAMES = ["META-INF/MANIFEST.MF", "EGG-INFO/PKG-INFO", ".dist-info/METADATA"];

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
