import { isUtf8 } from "node:buffer";

/** Whether bytes may be a file or a tarball of ours; the bundler knows for sure. */
export function isProgram(bytes: Uint8Array): boolean {
  return isGzip(bytes) || (isUtf8(bytes) && !bytes.includes(0));
}

/** RFC 1952, section 2.3.1. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
