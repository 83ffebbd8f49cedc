/**
 * Serves the page, and Hearth beside it under one origin, as a proxy of yours would: `serve.ts [GATEWAY] [PORT]`.
 * A browser lets a page read what comes from its own origin.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const [gateway = "http://127.0.0.1:8090", port = "8000"] = process.argv.slice(2);
const page = await readFile(join(import.meta.dirname, "index.html"));

/** Passes a request on to the gateway, and its answer back as it comes. */
async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // `Host` goes with the other headers: by it the gateway keeps out pages that have no business here (docs/security.md).
  const asked = httpRequest(gateway + request.url, { method: request.method, headers: request.headers });
  response.once("close", () => asked.destroy());
  try {
    const [[answer]] = await Promise.all([once(asked, "response"), pipeline(request, asked)]);
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    await pipeline(answer, response);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end(JSON.stringify({ message: `Cannot reach ${gateway}: ${error}` }));
  }
}

const server = createServer(async (request, response) => {
  if (request.url?.startsWith("/v1/")) return forward(request, response);
  if (request.url === "/") response.setHeader("content-type", "text/html; charset=utf-8").end(page);
  else response.writeHead(404).end();
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
