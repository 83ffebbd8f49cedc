import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Secrets } from "./secrets.ts";

/** How far the clocks of two machines may be apart, with the way of a message. */
export const CLOCK_TOLERANCE_MS = 30_000;

/** HMAC-SHA-256 of a list, as JSON without spaces: no two different lists read the same. */
export function sign(secret: KeyObject, said: readonly (string | number)[]): Buffer {
  return createHmac("sha256", secret).update(JSON.stringify(said)).digest();
}

/** The secret under which somebody signed a list; undefined when it is none of ours. Takes as long wherever two signatures differ. */
export function signedWith(secrets: Secrets, said: readonly (string | number)[], mac: Buffer): KeyObject | undefined {
  return secrets.find((secret) => {
    const expected = sign(secret, said);
    return expected.length === mac.length && timingSafeEqual(expected, mac);
  });
}

/** Whether a time is so far from now that what was signed then does not count any more, or one of the clocks is wrong. */
export function isOutOfTime(atMs: number): boolean {
  return Math.abs(Date.now() - atMs) > CLOCK_TOLERANCE_MS;
}
