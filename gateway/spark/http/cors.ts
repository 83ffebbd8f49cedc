import { type Answer, text } from "./answer.ts";

/** Defaults of spark-jobserver's CORS library. */
const METHODS = ["GET", "POST", "HEAD", "OPTIONS"];
const MAX_AGE_SECONDS = 1800;

interface CrossOrigin {
  readonly origin: string | undefined;
  readonly requestMethod: string | undefined;
  readonly requestHeaders: string | undefined;
}

/** Response headers for a page of an origin. None when the request has no origin. */
export function corsHeaders(origin: string | undefined): readonly (readonly [name: string, value: string])[] {
  if (origin === undefined) return [];
  return [
    ["access-control-allow-origin", origin],
    ["access-control-allow-credentials", "true"],
    ["vary", "Origin"],
  ];
}

/** Response to a preflight request (https://fetch.spec.whatwg.org/#cors-preflight-fetch). Undefined for any other request. */
export function answerPreflight({ origin, requestMethod, requestHeaders }: CrossOrigin): Answer | undefined {
  if (origin === undefined || requestMethod === undefined) return undefined;
  if (!METHODS.includes(requestMethod)) return text(400, `CORS: invalid method '${requestMethod}'`);
  const headers = {
    "access-control-allow-methods": METHODS.join(", "),
    "access-control-max-age": String(MAX_AGE_SECONDS),
    ...(requestHeaders === undefined ? {} : { "access-control-allow-headers": requestHeaders }),
  };
  return { status: 200, headers, body: "" };
}
