import http from "node:http";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Transcoder } from "../mod.ts";

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** Serves a transcoder on a free port; a request without a route gets a 404 with the text "no route". */
export async function startServer(
  transcoder: Transcoder,
  { protocol = "http1" }: { protocol?: "http1" | "http2" } = {},
): Promise<TestServer> {
  const listener = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    if (!(await transcoder.handle(request, response))) {
      response.writeHead(404).end("no route");
    }
  };
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = protocol === "http1" ? http.createServer(listener) : startHttp2(transcoder, sessions);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) {
        session.destroy();
      }
      if (server instanceof http.Server) {
        server.closeAllConnections();
      }
      await closed;
    },
  };
}

function startHttp2(transcoder: Transcoder, sessions: Set<http2.ServerHttp2Session>): http2.Http2Server {
  const server = http2.createServer(async (request, response) => {
    if (!(await transcoder.handle(request, response))) {
      response.writeHead(404).end("no route");
    }
  });
  server.on("session", (session) => sessions.add(session));
  return server;
}
