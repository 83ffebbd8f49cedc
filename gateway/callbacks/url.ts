import type { IsAllowed } from "../../cluster/mod.ts";
import { callbackUrlInvalid } from "../../proto/errors.ts";
import { literalAddress } from "../outgoing/mod.ts";

/** Names of the local machine, independent of name servers. */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/;

/**
 * Parses the URL of a callback. Throws the API error for a URL that no callback could reach: malformed, of another scheme, or with an
 * address that is not allowed. Names are resolved when the callback is sent.
 */
export function parseCallbackUrl(text: string, isAllowed: IsAllowed): URL {
  const url = URL.parse(text);
  if (url === null) throw callbackUrlInvalid(text, "it is not a valid URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw callbackUrlInvalid(text, "its scheme must be http or https");
  }
  const addresses = LOCALHOST.test(url.hostname) ? ["127.0.0.1", "::1"] : literalAddress(url);
  if (addresses.length === 0 || addresses.some(isAllowed)) return url;
  throw callbackUrlInvalid(
    text,
    "its address is not on the public internet; the server's gateway.callbacks.allow may allow it",
  );
}
