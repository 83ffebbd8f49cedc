import type { ConnectError } from "@connectrpc/connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { targetInvalid } from "../../../proto/errors.ts";

/** All methods that any path supports. */
export const HTTP_METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Percent-encodings of unreserved characters, which are equivalent to the characters (RFC 3986, section 6.2.2.2). */
const UNRESERVED = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/gi;

const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/**
 * Normalizes the request target, so that every API compares the same form: an absolute URL (RFC 9112, section 3.2.2) becomes its path and
 * query, and percent-encoded unreserved characters in the path are decoded.
 */
export function normalizeTarget(request: HttpRequest): void {
  const { url = "", method } = request;
  if (url.startsWith("/") && !url.includes("%")) return;
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? "" : url.slice(mark);
  request.url = normalizePath(path, method) + query;
}

function normalizePath(path: string, method: string | undefined): string {
  const origin = ABSOLUTE_FORM.exec(path)?.[0];
  const relative = origin === undefined ? path : path.slice(origin.length);
  // For OPTIONS, a URL without a path is the server as a whole (RFC 9112, section 3.2.4).
  if (origin !== undefined && relative === "") return method === "OPTIONS" ? "*" : "/";
  return relative.replaceAll(UNRESERVED, decodeURIComponent);
}

/** Returns an error if a normalized target is not routable. `*` is valid for OPTIONS only (RFC 9112, section 3.2.4). */
export function findTargetError({ url = "", method = "" }: HttpRequest): ConnectError | undefined {
  const isRoutable = url.startsWith("/") || (url === "*" && method === "OPTIONS");
  return isRoutable ? undefined : targetInvalid(url);
}

/** Answers OPTIONS for the server as a whole. Returns false, without writing anything, for any other request. */
export function answerServerOptions({ url }: HttpRequest, response: HttpResponse): boolean {
  if (url !== "*") return false;
  response.writeHead(204, { allow: HTTP_METHODS.join(", ") });
  response.end();
  return true;
}
