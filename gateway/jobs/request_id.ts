import { hash } from "node:crypto";

/** A stored request id with its caller. */
const OWNED = /^caller:[\w-]{43}:/;

/**
 * The stored form of a request id. Each caller has ids of its own. Without authentication (`caller` is undefined) the id is stored as it
 * is.
 */
export function requestKey(caller: string | undefined, requestId: string): string {
  if (requestId === "" || (caller === undefined && !OWNED.test(requestId))) return requestId;
  return `caller:${hash("sha256", caller ?? "", "base64url")}:${requestId}`;
}

/** The request id of a stored form. */
export function requestIdOf(key: string): string {
  return key.replace(OWNED, "");
}
