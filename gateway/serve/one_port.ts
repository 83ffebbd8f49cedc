import { once } from "node:events";
import { createServer as createHttp1Server, type Server as Http1Server, type RequestListener } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import type { Limits } from "../limits.ts";
import { createAdmission } from "./admission.ts";
import { createDepartures } from "./departures.ts";
import { createBodyCount } from "./held_bodies.ts";
import { http1Options, http2Options, serveExpectations, serveWithinHeaders, watchSessions } from "./limits.ts";
import { watchAnswers } from "./stalled.ts";
import { createThrottledLog } from "./throttled_log.ts";
import { createTlsServer, reloadOnChange, type TlsFiles } from "./tls.ts";

/** The first bytes of an HTTP/2 connection (RFC 9113, section 3.4). */
const HTTP2_PREFACE = "PRI";

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Shares the port with other processes that do so too. */
  readonly reusePort?: boolean | undefined;
  /** Undefined: in the clear. */
  readonly tls: TlsFiles | undefined;
  readonly log: Logger;
  readonly serve: RequestListener;
  readonly limits: Limits;
}

/** A port that is open. Disposing it cuts what is still connected. */
export interface OpenPort extends AsyncDisposable {
  /** `host:port`, with the real port. */
  readonly address: string;
  /**
   * Asks clients to go elsewhere with their next call, while every call is still served: answers over HTTP/1.1 close their connection,
   * sessions of HTTP/2 say goodbye.
   */
  sendAway(): void;
  /**
   * Takes no more connections, and closes those that are idle when clients were sent away for at least `lingerMs`. Resolves when all have
   * ended.
   */
  drain(options: { readonly lingerMs: number }): Promise<void>;
}

/** Listens for HTTP/1.1 and HTTP/2 on one port. Rejects when the port cannot be had, or the certificate not used. */
export async function listenOnOnePort({
  host,
  port,
  reusePort,
  tls,
  serve,
  log,
  limits,
}: ListenOptions): Promise<OpenPort> {
  await using starting = new AsyncDisposableStack();
  const answers = starting.use(watchAnswers(limits, { log }));
  const countBody = createBodyCount(limits, { log });
  const departures = createDepartures();
  const serveWatched: RequestListener = (request, response) => {
    answers.add(request, response);
    countBody(request, response);
    if (request.httpVersionMajor === 1) departures.add(response);
    serve(request, response);
  };
  const http1 = createHttp1Server(http1Options(limits));
  serveWithinHeaders(http1, serveWatched, limits);
  // It never listens itself; told that it does, it keeps count of its connections, so that idle and stalled ones are closed.
  http1.emit("listening");
  // The compatibility API of node:http2 hands out requests that node:http listeners take.
  const http2 = createHttp2Server(
    http2Options(limits),
    serveWatched as unknown as Parameters<typeof createHttp2Server>[1],
  );
  serveExpectations(http2, serveWatched);
  watchSessions(http2, limits);
  http2.on("session", departures.addSession);
  const sockets = new Set<Socket>();
  const admit = createAdmission(limits, { log });
  const tlsServer = tls && createTlsServer(tls, { handshakeTimeoutMs: limits.headersTimeoutMs });
  // The servers behind are those of a port in the clear, with their limits.
  tlsServer?.on("secureConnection", (socket: TLSSocket) => {
    (socket.alpnProtocol === "h2" ? http2 : http1).emit("connection", socket);
  });
  // As node:http has it for sockets of its own: else the next piece of a stream waits 40 ms for the client's acknowledgement.
  const server = createServer({ noDelay: true }, (socket) => {
    // For its whole life, whichever server has it: an error that nobody listens for ends the process.
    socket.on("error", () => socket.destroy());
    if (!admit(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (tlsServer === undefined) handOver(socket, { http1, http2, timeoutMs: limits.headersTimeoutMs });
    else tlsServer.emit("connection", socket);
  });
  server.listen({ host, port, ...(reusePort && { reusePort }) });
  await once(server, "listening");
  // Such as too many open files: the connections that there are go on.
  const logAcceptError = createThrottledLog((fields) => log.error(fields, "cannot accept connections"));
  server.on("error", (error) => logAcceptError({ err: error }));
  if (tls !== undefined && tlsServer !== undefined) starting.use(reloadOnChange(tlsServer, tls, { log }));
  const running = starting.move();
  return {
    address: formatAddress(server),
    sendAway: departures.begin,
    async drain({ lingerMs }) {
      departures.begin();
      const closed = close(server);
      await departures.untilKnown(closed, { lingerMs });
      http1.closeIdleConnections();
      departures.closeSessions();
      await closed;
    },
    async [Symbol.asyncDispose]() {
      await running.disposeAsync();
      const closed = close(server);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Looks at the first bytes, puts them back and gives the socket to the server that speaks their protocol. */
function handOver(
  socket: Socket,
  { http1, http2, timeoutMs }: { http1: Http1Server; http2: Http2Server; timeoutMs: number },
): void {
  socket.setTimeout(timeoutMs, () => socket.destroy());
  socket.once("readable", () => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) return;
    socket.unshift(bytes);
    socket.setTimeout(0);
    socket.removeAllListeners("timeout");
    const server = bytes.toString("latin1", 0, HTTP2_PREFACE.length) === HTTP2_PREFACE ? http2 : http1;
    server.emit("connection", socket);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function formatAddress(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}
