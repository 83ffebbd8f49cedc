import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { contentTypeRefused, httpMethodRefused } from "../../../proto/errors.ts";

/**
 * Answers a request for a method that no protocol takes for a call; false for any other, and then nothing was written. connect-es
 * answers them by their status alone, which does not show a user who tries the first call by hand what to send.
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
    // A call by GET has its content in the query.
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
