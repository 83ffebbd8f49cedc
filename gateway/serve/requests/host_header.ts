import type { HttpRequest } from "../../../lib/transcode/mod.ts";

/** The host that was valid last: most requests name the same one. */
let lastValid = "";

/**
 * Whether a request names its host, as one that may stand in a URL: connect-es makes URLs of requests, and RFC 9112, section 3.2, refuses
 * the others. A request of HTTP/1.0 need not name one: it gets the address that it was sent to.
 */
export function hasValidHost(request: HttpRequest): boolean {
  const { headers, httpVersion, socket } = request;
  if (httpVersion === "1.0" && !headers.host) headers.host = localAuthority(socket);
  const authority = "authority" in request ? request.authority : headers.host;
  if (authority === undefined) return false;
  if (authority === lastValid) return true;
  const isValid = URL.canParse(`http://${authority}`);
  if (isValid) lastValid = authority;
  return isValid;
}

function localAuthority({ localAddress = "127.0.0.1", localPort, localFamily }: HttpRequest["socket"]): string {
  return localFamily === "IPv6" ? `[${localAddress}]:${localPort}` : `${localAddress}:${localPort}`;
}
