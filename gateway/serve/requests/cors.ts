import type { RequestListener } from "node:http";
import { cors } from "@connectrpc/connect";
import { isSparkPath } from "../../spark/mod.ts";
import type { AllowedOrigins } from "./origins.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].join(", ");

/** Response headers that pages may read, beside the CORS-safelisted ones. */
const EXPOSED_HEADERS = [...cors.exposedHeaders, "content-disposition", "hearth-job-id", "retry-after"].join(", ");

/** Time that a browser may cache a preflight response, in seconds. */
const MAX_AGE_SECONDS = 1800;

/** Adds the CORS headers to a response. Returns true if the request was a preflight, which is answered then. */
export type Cors = (...[request, response]: Parameters<RequestListener>) => boolean;

/**
 * Cross-origin reads (https://fetch.spec.whatwg.org/#http-cors-protocol) for pages of the origins that `createOriginCheck` accepts. Only
 * listed origins may send credentials that a browser adds by itself. spark-jobserver's API sets its own headers.
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
