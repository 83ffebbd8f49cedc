import { hash } from "node:crypto";

/** `sha256:` and 64 hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes, "hex")}`;
}

/** The hexadecimal digits of a digest. Undefined when it is malformed, so that it never becomes part of a path. */
export function parseDigest(digest: string): string | undefined {
  return /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
}
