import { hash } from "node:crypto";

/** A request id with its caller, as it is stored. */
const OWNED = /^caller:[\w-]{43}:/;

/**
 * The key under which a request id is stored. Each caller has ids of its own: the same id of another caller is another key. Where nobody is
 * asked who calls (`caller` is undefined), an id is its own key.
 */
export function requestKey(caller: string | undefined, requestId: string): string {
  if (requestId === "" || (caller === undefined && !OWNED.test(requestId))) return requestId;
  return `caller:${hash("sha256", caller ?? "", "base64url")}:${requestId}`;
}

/** The request id in a key, as its caller gave it. */
export function requestIdOf(key: string): string {
  return key.replace(OWNED, "");
}
