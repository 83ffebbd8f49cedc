import { once } from "node:events";
import { createServer as createHttp1Server, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "pino";
import { createThrottledLog, printAddress } from "../../cluster/mod.ts";
import type { Limits } from "../limits.ts";
import { createAdmission } from "./admission.ts";
import { createDepartures } from "./departures.ts";
import { allowHalfOpen, noteRequest, serveHalfOpen } from "./half_open.ts";
import { createBodyCount } from "./held_bodies.ts";
import { http1Options, http2Options, serveHttp1, serveHttp2, watchSessions } from "./limits.ts";
import { handOver } from "./preface.ts";
import { watchAnswers } from "./stalled.ts";
import { createTlsServer, reloadOnChange, type TlsFiles } from "./tls.ts";
import { endUnread } from "./unread_bodies.ts";

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
   * sessions of HTTP/2 in the clear say goodbye.
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
  // It never listens itself; after this event it keeps count of its connections, so that idle and stalled ones are closed.
  http1.emit("listening");
  const departures = createDepartures({ closeIdle: () => http1.closeIdleConnections() });
  // The compatibility API of node:http2 hands out requests that node:http listeners take.
  const http2 = createHttp2Server(
    http2Options(limits),
    serveWatched as unknown as Parameters<typeof createHttp2Server>[1],
  );
  serveHttp2(http2, serveWatched);
  watchSessions(http2, limits, { onSession: departures.addSession });
  const sockets = new Map<string, Socket>();
  const admit = createAdmission(limits, { log });
  const tlsServer = tls && createTlsServer(tls, { handshakeTimeoutMs: limits.headersTimeoutMs });
  // The servers behind are those of a port in the clear, with their limits.
  tlsServer?.on("secureConnection", (socket: TLSSocket) => {
    departures.addConnection(socket);
    if (socket.alpnProtocol === "h2") http2.emit("connection", socket);
    else serveHalfOpen(http1, socket, { tcp: sockets.get(peerName(socket)) ?? socket, limits });
  });
  // As node:http has it for sockets of its own: else the next piece of a stream waits 40 ms for the client's acknowledgement.
  const server = createServer({ noDelay: true }, (socket) => {
    // For its whole life, whichever server has it: an error that nobody listens for ends the process.
    socket.on("error", () => socket.destroy());
    if (!admit(socket)) return;
    departures.addConnection(socket);
    const name = peerName(socket);
    sockets.set(name, socket);
    socket.once("close", () => sockets.delete(name));
    if (tlsServer !== undefined) tlsServer.emit("connection", socket);
    else handOver(socket, { http1, http2, limits });
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

/** Names the TCP connection of a socket, with and without TLS. */
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
