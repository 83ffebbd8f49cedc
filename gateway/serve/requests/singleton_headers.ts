import type { ConnectError } from "@connectrpc/connect";
import type { HttpRequest } from "../../../lib/transcode/mod.ts";
import { headerRepeated, hostAmbiguous } from "../../../proto/errors.ts";

/** Headers that decide how a request is handled, and have one value only. Of several, Node uses the first and a proxy perhaps the last. */
const SINGLETONS: ReadonlySet<string> = new Set([
  "host",
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "origin",
  "content-type",
  "content-length",
  "content-encoding",
  "transfer-encoding",
  "grpc-encoding",
  "grpc-timeout",
  "connect-content-encoding",
  "connect-protocol-version",
  "connect-timeout-ms",
  "last-event-id",
  "sec-fetch-site",
  "sec-fetch-mode",
  "access-control-request-method",
]);

/** Returns an error if the head of a request is ambiguous. */
export function findAmbiguity(request: HttpRequest): ConnectError | undefined {
  const seen = new Set<string>();
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? "";
    if (!SINGLETONS.has(name)) continue;
    if (seen.has(name)) return headerRepeated(name);
    seen.add(name);
  }
  return namesTwoHosts(request) ? hostAmbiguous() : undefined;
}

/** Whether the Host header and the request line, or `:authority`, name different hosts (RFC 9113, section 8.3.1; RFC 9112, section 3.2.2). */
function namesTwoHosts({ headers, url = "" }: HttpRequest): boolean {
  const authority: string | string[] | undefined = headers[":authority"];
  const target = typeof authority === "string" ? authority : /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
  return target !== undefined && headers.host !== undefined && target.toLowerCase() !== headers.host.toLowerCase();
}
