import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Readiness } from "../../rpc/mod.ts";

/** Answers 200 while the process lives; for liveness checks. */
const LIVE_PATH = "/healthz";

/** Answers 200 while the gateway can place contexts, else 503 and what is missing; for load balancers. */
const READY_PATH = "/readyz";

/** Answers `GET` and `HEAD` of a page; false when the request is another, and then nothing was written. */
export type Page = (request: HttpRequest, response: HttpResponse) => Promise<boolean>;

/** Whether the gateway is ready, for everybody, as JSON. */
export function createReadinessPage(readiness: Readiness): Page {
  return async (request, response) => {
    if (!asksFor(request, READY_PATH)) return false;
    const problems = await readiness.problems();
    const isReady = problems.length === 0;
    sendJson(request, response, { status: isReady ? 200 : 503, body: { ready: isReady, problems } });
    return true;
  };
}

/** As spark-jobserver says that it is alive; for the time before its API is served. */
export const answerLiveness: Page = async (request, response) => {
  if (!asksFor(request, LIVE_PATH)) return false;
  sendJson(request, response, { status: 200, body: { status: "SUCCESS" } });
  return true;
};

function asksFor({ method, url = "" }: HttpRequest, path: string): boolean {
  return (method === "GET" || method === "HEAD") && url.split("?", 1)[0] === path;
}

function sendJson(
  { method }: HttpRequest,
  response: HttpResponse,
  { status, body }: { readonly status: number; readonly body: unknown },
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    ...{ "content-type": "application/json", "content-length": text.length, "cache-control": "no-store" },
    ...(status === 503 && { "retry-after": "1" }),
  });
  response.end(method === "HEAD" ? undefined : text);
}
