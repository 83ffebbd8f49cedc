import { createHmac } from "node:crypto";

interface Signed {
  readonly secret: string;
  /** Seconds since 1970, as `hearth-timestamp` says it. */
  readonly timestamp: number;
  readonly body: string;
}

/**
 * The value of `hearth-signature`: HMAC-SHA256 of timestamp, a dot and the body, in hexadecimal. The timestamp is signed along, so
 * that a receiver can refuse a request that somebody recorded and sends again later.
 */
export function sign({ secret, timestamp, body }: Signed): string {
  return `v1=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`;
}
