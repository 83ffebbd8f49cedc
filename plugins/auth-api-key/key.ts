import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Prefix by which scanners of public code recognize a key. */
const PREFIX = "hk_";

const KEY = /^hk_(?<id>[0-9a-f]{12})_(?<secret>[A-Za-z0-9_-]{43})$/;

/** A new key: `hk_<id>_<256 random bits>`. */
export function createKey(): { readonly id: string; readonly key: string } {
  const id = randomBytes(6).toString("hex");
  return { id, key: `${PREFIX}${id}_${randomBytes(32).toString("base64url")}` };
}

/** Whether a text looks like a key. */
export function isKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** The public part of a key. Undefined when it is malformed. */
export function parseKey(key: string): { readonly id: string } | undefined {
  const id = KEY.exec(key)?.groups?.id;
  return id === undefined ? undefined : { id };
}

/** The stored hash of a key, 64 hexadecimal digits. A plain hash suffices for a random secret. */
export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

export function isSecretOf({ sha256 }: { readonly sha256: string }, key: string): boolean {
  return timingSafeEqual(Buffer.from(sha256, "hex"), Buffer.from(hashKey(key), "hex"));
}
