import { createHmac } from "node:crypto";

interface Signed {
  readonly secret: string;
  /** Seconds since 1970, as in `hearth-timestamp`. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The value of `hearth-signature`: HMAC-SHA256 over the timestamp, a dot and the body, in hexadecimal. The timestamp is included so that a
 * receiver can refuse replayed requests.
 */
export function sign({ secret, timestamp, body }: Signed): string {
  return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}
