import type { RequestListener, ServerResponse } from "node:http";

/** Nothing that the port answers is a page: a browser that shows it all the same runs, frames and guesses nothing. */
const HEADERS = Object.entries({
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
});

/** Sends the security headers with every answer that a browser could show; no browser asks for gRPC's own type. */
export function setSecurityHeaders(...[request, response]: Parameters<RequestListener>): void {
  const contentType = request.headers["content-type"];
  if (contentType === undefined || !contentType.startsWith("application/grpc")) addHeaders(response);
}

function addHeaders(response: ServerResponse): void {
  for (const [name, value] of HEADERS) response.setHeader(name, value);
}

/** Types of which a browser would run scripts, as if the gateway had sent them itself. */
const PAGE = /^\s*(text\/html|application\/xhtml\+xml|image\/svg\+xml|(text|application)\/xml)\s*(;|$)/i;

/** Headers of bytes that somebody uploaded, or a job returned: a browser takes them for what they are said to be, and shows no page of them. */
export function downloadHeaders(contentType: string): Readonly<Record<string, string>> {
  return {
    "x-content-type-options": "nosniff",
    ...(PAGE.test(contentType) && { "content-disposition": "attachment" }),
  };
}
