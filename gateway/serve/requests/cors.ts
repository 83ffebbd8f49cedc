import type { RequestListener } from "node:http";
import { cors } from "@connectrpc/connect";
import { isSparkPath } from "../../spark/mod.ts";
import type { AllowedOrigins } from "./origins.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].join(", ");

/** Of answers, beside those that every page may read. */
const EXPOSED_HEADERS = [...cors.exposedHeaders, "content-disposition", "hearth-job-id", "retry-after"].join(", ");

/** How long a browser may remember the answer to a preflight request. */
const MAX_AGE_SECONDS = 1800;

/** Lets the page that asks read the answer. True when the request asked no more than whether it may, and is answered. */
export type Cors = (...[request, response]: Parameters<RequestListener>) => boolean;

/**
 * Cross-origin reads (https://fetch.spec.whatwg.org/#http-cors-protocol) for pages of origins that `createOriginCheck` lets through.
 * Credentials that a browser adds by itself go along for listed origins only. spark-jobserver's face has headers of its own.
 */
export function createCors(allowed: AllowedOrigins | undefined): Cors {
  const listed = new Set(allowed === "*" ? [] : allowed);

  return (request, response) => {
    const { origin, "access-control-request-headers": asked = "" } = request.headers;
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (origin === undefined || isSparkPath(path)) return false;
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "Origin");
    if (listed.has(origin)) response.setHeader("access-control-allow-credentials", "true");
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) {
      response.setHeader("access-control-expose-headers", EXPOSED_HEADERS);
      return false;
    }
    response.writeHead(204, {
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": asked,
      "access-control-max-age": String(MAX_AGE_SECONDS),
    });
    response.end();
    return true;
  };
}
