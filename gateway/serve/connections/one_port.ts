import { once } from "node:events";
import { createServer as createHttp1Server, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { createThrottledLog, printAddress } from "../../../cluster/mod.ts";
import type { Limits } from "../../limits.ts";
import { createBodyCounter } from "../exchanges/body_memory.ts";
import { watchResponses } from "../exchanges/stalled_responses.ts";
import { endUnread } from "../exchanges/unread_bodies.ts";
import { createConnectionDrain } from "./connection_drain.ts";
import { createConnectionLimit } from "./connection_limits.ts";
import { detectHttpVersion } from "./connection_preface.ts";
import { allowHalfOpen, noteRequest, serveHalfOpen } from "./half_open.ts";
import { http1Options, http2Options, serveHttp1, serveHttp2, watchSessions } from "./server_limits.ts";
import { createTlsServer, reloadOnChange, type TlsFiles } from "./tls.ts";

interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other processes that set this too may listen on the same port. */
  readonly reusePort?: boolean | undefined;
  /** Undefined: no TLS. */
  readonly tls: TlsFiles | undefined;
  readonly log: Logger;
  readonly serve: RequestListener;
  readonly limits: Limits;
}

/** An open port. Disposing it closes all connections at once. */
export interface OpenPort extends AsyncDisposable {
  /** `host:port`, with the actual port. */
  readonly address: string;
  /**
   * Asks clients to send their next call elsewhere, while every call is still served: responses over HTTP/1.1 close their connection,
   * HTTP/2 sessions without TLS receive GOAWAY.
   */
  sendAway(): void;
  /**
   * Stops accepting connections, and closes idle ones `lingerMs` after `sendAway()` at the earliest. Resolves when all connections are
   * closed.
   */
  drain(options: { readonly lingerMs: number }): Promise<void>;
}

/** Listens for HTTP/1.1 and HTTP/2 on one port. Rejects if the port is not available or the certificate not usable. */
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
  const answers = starting.use(watchResponses(limits, { log }));
  const countBody = createBodyCounter(limits, { log });
  const serveWatched: RequestListener = (request, response) => {
    answers.add(request, response);
    countBody(request, response);
    if (request.httpVersionMajor === 1) {
      departures.add(response);
      noteRequest(request, response);
    }
    endUnread(request, response, limits);
    serve(request, response);
  };
  const http1 = createHttp1Server(http1Options(limits));
  serveHttp1(http1, serveWatched, limits);
  allowHalfOpen(http1);
  // This server never listens itself. The event starts its tracking of connections, which closes idle and stalled ones.
  http1.emit("listening");
  const departures = createConnectionDrain({ closeIdle: () => http1.closeIdleConnections() });
  // The compatibility API of node:http2 emits requests that listeners of node:http accept.
  const http2 = createHttp2Server(
    http2Options(limits),
    serveWatched as unknown as Parameters<typeof createHttp2Server>[1],
  );
  serveHttp2(http2, serveWatched);
  watchSessions(http2, limits, { onSession: departures.addSession });
  const sockets = new Map<string, Socket>();
  const admit = createConnectionLimit(limits, { log });
  const tlsServer = tls && createTlsServer(tls, { handshakeTimeoutMs: limits.headersTimeoutMs });
  // The same HTTP servers as for a port without TLS, with the same limits.
  tlsServer?.on("secureConnection", (socket: TLSSocket) => {
    departures.addConnection(socket);
    if (socket.alpnProtocol === "h2") http2.emit("connection", socket);
    else serveHalfOpen(http1, socket, { tcp: sockets.get(peerName(socket)) ?? socket, limits });
  });
  // The default of node:http: with Nagle's algorithm, the next chunk of a stream waits 40 ms for the client's ACK.
  const server = createServer({ noDelay: true }, (socket) => {
    // Stays for the socket's whole life: an unhandled "error" event ends the process.
    socket.on("error", () => socket.destroy());
    if (!admit(socket)) return;
    departures.addConnection(socket);
    const name = peerName(socket);
    sockets.set(name, socket);
    socket.once("close", () => sockets.delete(name));
    if (tlsServer !== undefined) tlsServer.emit("connection", socket);
    else detectHttpVersion(socket, { http1, http2, limits });
  });
  server.listen({ host, port, ...(reusePort && { reusePort }) });
  await once(server, "listening");
  // For example too many open files. Existing connections continue.
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
      departures.close(closed);
      await closed;
    },
    async [Symbol.asyncDispose]() {
      await running.disposeAsync();
      const closed = close(server);
      for (const socket of sockets.values()) socket.destroy();
      await closed;
    },
  };
}

/** Identifies a TCP connection, by its own socket or the TLS socket above it. */
function peerName({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function formatAddress(server: Server): string {
  const { address, port } = server.address() as AddressInfo;
  return printAddress({ host: address, port });
}
