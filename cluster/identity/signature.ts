import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Secrets } from "./secrets.ts";

/** Largest accepted difference between the clocks of two machines, in milliseconds, including the delay of a message. */
export const CLOCK_TOLERANCE_MS = 30_000;

/** HMAC-SHA-256 of a list, serialized as JSON so that different lists have different texts. */
export function sign(secret: KeyObject, said: readonly (string | number)[]): Buffer {
  return createHmac("sha256", secret).update(JSON.stringify(said)).digest();
}

/** The secret with which a list was signed, or undefined. Compares in constant time. */
export function signedWith(secrets: Secrets, said: readonly (string | number)[], mac: Buffer): KeyObject | undefined {
  return secrets.find((secret) => {
    const expected = sign(secret, said);
    return expected.length === mac.length && timingSafeEqual(expected, mac);
  });
}

/** Whether a time differs from now by more than the tolerance. */
export function isOutOfTime(atMs: number): boolean {
  return Math.abs(Date.now() - atMs) > CLOCK_TOLERANCE_MS;
}
