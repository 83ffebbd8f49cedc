import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { contentTypeRefused, httpMethodRefused } from "../../../proto/errors.ts";

/**
 * Rejects a request for a method that no protocol recognizes as a call. Returns false, without writing anything, for any other. connect-es
 * sends a bare status, which does not show a user who tries a first call by hand what to send.
 */
export function createPreconditionCheck(
  handlers: readonly UniversalHandler[],
): (request: HttpRequest, response: HttpResponse) => boolean {
  const handlersByPath = new Map(handlers.map((handler) => [handler.requestPath, handler]));

  return ({ method: httpMethod = "", url = "", headers }, response) => {
    const handler = handlersByPath.get(url.split("?", 1)[0] ?? "");
    if (handler === undefined) return false;
    const { allowedMethods: allowed, requestPath, method } = handler;
    const isAllowed = allowed.includes(httpMethod);
    const contentType = headers["content-type"];
    // A GET call has its message in the query.
    if (isAllowed && (httpMethod === "GET" || handler.supportedContentType(contentType ?? ""))) return false;
    const name = requestPath.slice(1);
    const wanted = method.methodKind === "unary" ? "application/json" : "application/connect+json";
    const error = isAllowed
      ? contentTypeRefused(name, contentType, wanted)
      : httpMethodRefused(name, httpMethod, allowed);
    response.writeHead(isAllowed ? 415 : 405, {
      "content-type": "application/json",
      ...(isAllowed ? { "accept-post": wanted } : { allow: allowed.join(", ") }),
    });
    response.end(JSON.stringify(errorToJson(error, undefined)));
    return true;
  };
}
