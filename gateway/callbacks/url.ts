import type { IsAllowed } from "../../cluster/mod.ts";
import { callbackUrlInvalid } from "../../proto/errors.ts";
import { literalAddress } from "../outgoing/mod.ts";

/** Names that mean this machine, whatever a name server says. */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/;

/**
 * Reads the URL of a callback. Throws the API error for one that no callback could ever go to: no URL, another scheme, or an
 * address that is not allowed. What a name resolves to is looked at when the callback goes out.
 */
export function parseCallbackUrl(text: string, isAllowed: IsAllowed): URL {
  const url = URL.parse(text);
  if (url === null) throw callbackUrlInvalid(text, "it is no URL");
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
