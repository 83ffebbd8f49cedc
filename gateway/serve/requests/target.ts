import type { ConnectError } from "@connectrpc/connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { targetInvalid } from "../../../proto/errors.ts";

/** Methods that some path takes. */
export const HTTP_METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Encodings of characters that mean the same with and without them (RFC 3986, section 6.2.2.2). */
const UNRESERVED = /%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/gi;

const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/**
 * Rewrites the target of a request to the form in which every API compares it: a whole URL (RFC 9112, section 3.2.2) to its path and query,
 * and encodings of unreserved characters in the path to these characters.
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
  // A URL without a path means the server as a whole where OPTIONS asks for it (RFC 9112, section 3.2.4).
  if (origin !== undefined && relative === "") return method === "OPTIONS" ? "*" : "/";
  return relative.replaceAll(UNRESERVED, decodeURIComponent);
}

/** Why a target, once it is normalized, cannot be routed; undefined when it can. `*` is a target of OPTIONS only (RFC 9112, section 3.2.4). */
export function findTargetError({ url = "", method = "" }: HttpRequest): ConnectError | undefined {
  const isRoutable = url.startsWith("/") || (url === "*" && method === "OPTIONS");
  return isRoutable ? undefined : targetInvalid(url);
}

/** Answers OPTIONS for the server as a whole; false for any other request, and then nothing was written. */
export function answerServerOptions({ url }: HttpRequest, response: HttpResponse): boolean {
  if (url !== "*") return false;
  response.writeHead(204, { allow: HTTP_METHODS.join(", ") });
  response.end();
  return true;
}
