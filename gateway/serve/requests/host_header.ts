import type { HttpRequest } from "../../../lib/transcode/mod.ts";

/** The last valid host: most requests name the same one. */
let lastValid = "";

/**
 * Returns whether a request names a host that is valid in a URL: connect-es builds URLs from requests, and RFC 9112, section 3.2, requires
 * servers to reject other hosts. A request of HTTP/1.0 without a host gets the local address.
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
