import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import type { Readiness } from "../../rpc/mod.ts";

/** Path for liveness checks: returns 200 while the process is alive. */
const LIVE_PATH = "/healthz";

/** Path for load balancers: returns 200 while the gateway can place contexts, otherwise 503 with the problems. */
const READY_PATH = "/readyz";

/** Serves `GET` and `HEAD` of a page. Resolves to false, without writing anything, for any other request. */
export type Page = (request: HttpRequest, response: HttpResponse) => Promise<boolean>;

/** Serves the readiness of the gateway as JSON, without authentication. */
export function createReadinessPage(readiness: Readiness): Page {
  return async (request, response) => {
    if (!asksFor(request, READY_PATH)) return false;
    const problems = await readiness.problems();
    const isReady = problems.length === 0;
    sendJson(request, response, { status: isReady ? 200 : 503, body: { ready: isReady, problems } });
    return true;
  };
}

/** The liveness check of spark-jobserver, for the time before its API is served. */
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
