import type { RequestListener, ServerResponse } from "node:http";

/** No response of the port is a web page: browsers must not run scripts of it, frame it or sniff its type. */
const HEADERS = Object.entries({
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
});

/** Sets the security headers on every response that a browser could show; browsers do not send gRPC's content type. */
export function setSecurityHeaders(...[request, response]: Parameters<RequestListener>): void {
  const contentType = request.headers["content-type"];
  if (contentType === undefined || !contentType.startsWith("application/grpc")) addHeaders(response);
}

function addHeaders(response: ServerResponse): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value);
}

/** Media types with scripts that a browser would run in the gateway's origin. */
const PAGE = /^\s*(text\/html|application\/xhtml\+xml|image\/svg\+xml|(text|application)\/xml)\s*(;|$)/i;

/** Headers of content that was uploaded or returned by a job: browsers use its declared type, and download pages instead of showing them. */
export function downloadHeaders(contentType: string): Readonly<Record<string, string>> {
  return {
    "x-content-type-options": "nosniff",
    ...(PAGE.test(contentType) && { "content-disposition": "attachment" }),
  };
}
