import { type Answer, text } from "./answer.ts";

/** What browsers of other origins may do without asking: as spark-jobserver's library has it by default. */
const METHODS = ["GET", "POST", "HEAD", "OPTIONS"];
const MAX_AGE_SECONDS = 1800;

interface CrossOrigin {
  readonly origin: string | undefined;
  readonly requestMethod: string | undefined;
  readonly requestHeaders: string | undefined;
}

/** Headers of an answer to a page of that origin; none when the request names no origin. */
export function corsHeaders(origin: string | undefined): readonly (readonly [name: string, value: string])[] {
  if (origin === undefined) return [];
  return [
    ["access-control-allow-origin", origin],
    ["access-control-allow-credentials", "true"],
    ["vary", "Origin"],
  ];
}

/** The answer to a preflight request (https://fetch.spec.whatwg.org/#cors-preflight-fetch); undefined when it is none. */
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
