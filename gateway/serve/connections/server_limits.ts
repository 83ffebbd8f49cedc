import type {
  Server as Http1Server,
  OutgoingHttpHeaders,
  RequestListener,
  ServerOptions,
  ServerResponse,
} from "node:http";
import {
  constants,
  type ServerOptions as Http2Options,
  type Http2Server,
  type Http2Stream,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import { isOver } from "../../../lib/transcode/mod.ts";
import type { Limits } from "../../limits.ts";
import { HTTP_METHODS } from "../requests/target.ts";

/** How often connections are looked at whose head or body is late. */
const CHECK_INTERVAL_MS = 5000;

const ALLOW = HTTP_METHODS.join(", ");

/** How a server of HTTP/1.1 keeps within the limits. */
export function http1Options(limits: Limits): ServerOptions {
  const { headerBytes, headersTimeoutMs, bodyTimeoutMs, idleTimeoutMs } = limits;
  return {
    maxHeaderSize: headerBytes,
    headersTimeout: Math.min(headersTimeoutMs, bodyTimeoutMs),
    requestTimeout: bodyTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS, headersTimeoutMs, bodyTimeoutMs),
  };
}

/** How a server of HTTP/2 keeps within the limits. */
export function http2Options({ headerBytes, headers, streams, resetsPerSecond, resetBurst }: Limits): Http2Options {
  return {
    // The pseudo-headers count as well.
    maxHeaderListPairs: headers + 4,
    settings: { maxConcurrentStreams: streams, maxHeaderListSize: headerBytes },
    streamResetBurst: resetBurst,
    streamResetRate: resetsPerSecond,
  };
}

/**
 * Makes a server of HTTP/1.1 refuse requests with too many headers, and CONNECT, and cut connections on which too many are asked before the
 * first is answered; the others it serves. Who reads the body of one that waits for leave to send it gives that leave.
 */
export function serveHttp1(server: Http1Server, serve: RequestListener, { headers, streams }: Limits): void {
  const openBySocket = new WeakMap<Socket, number>();
  // Node leaves out those beyond a number of its own: more must arrive than are allowed, to be refused.
  server.maxHeadersCount = headers + 1;
  server.on("connect", (_, socket) => refuseConnect(socket as Socket));
  server.on("checkExpectation", (_, response) => answerNothing(response, 417));
  for (const event of ["request", "checkContinue"]) server.on(event, serveWithin);

  function serveWithin(...[request, response]: Parameters<RequestListener>): void {
    const { socket } = request;
    const open = (openBySocket.get(socket) ?? 0) + 1;
    if (open > streams) {
      socket.destroy();
      return;
    }
    openBySocket.set(socket, open);
    response.once("close", () => openBySocket.set(socket, (openBySocket.get(socket) ?? 1) - 1));
    if (request.rawHeaders.length <= headers * 2) {
      serve(request, response);
      return;
    }
    response.writeHead(431, { connection: "close" });
    response.end();
  }
}

/** A gateway is no proxy. Node has no response for CONNECT, but the connection itself. */
function refuseConnect(socket: Socket): void {
  socket.on("error", () => socket.destroy());
  socket.write(`HTTP/1.1 405 Method Not Allowed\r\nAllow: ${ALLOW}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

/**
 * Answers requests of HTTP/2 that node would answer itself, as it does, but for one thing: node throws where nobody can catch when the client
 * has reset the stream by then, as `respond` and the like do.
 */
export function serveHttp2(server: Http2Server, serve: RequestListener): void {
  const listen = (event: string, answer: RequestListener): void => {
    server.on(event, (request, response) => {
      if (!isOver(response)) answer(request, response);
    });
  };
  listen("checkContinue", serve);
  listen("checkExpectation", (_, response) => answerNothing(response, 417));
  listen("connect", (_, response) => answerNothing(response, 405, { allow: ALLOW }));
}

function answerNothing(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, headers);
  response.end();
}

interface SessionWatch {
  onSession(session: ServerHttp2Session, socket: Socket): void;
}

/** Closes sessions that are idle, and streams whose request does not arrive. Passes each session on, with its connection. */
export function watchSessions(server: Http2Server, limits: Limits, { onSession }: SessionWatch): void {
  const { bodyTimeoutMs } = limits;
  let connecting: Socket | undefined;
  server.prependListener("connection", (socket: Socket) => {
    connecting = socket;
  });
  // Emitted while the server takes the connection.
  server.on("session", (session) => {
    closeWhenIdle(session, connecting, limits);
    if (connecting !== undefined) onSession(session, connecting);
  });
  server.on("stream", (stream, _headers, flags) => {
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) === 0) closeWhenLate(stream, bodyTimeoutMs);
  });
}

/**
 * Idle is who asks nothing, whatever else it sends: pings and settings keep no connection. One that does not even take the goodbye
 * is cut. After a client's own goodbye node closes nothing by itself, so such a connection is looked at as long as it lasts.
 */
function closeWhenIdle(
  session: ServerHttp2Session,
  socket: Socket | undefined,
  { idleTimeoutMs, stallTimeoutMs }: Pick<Limits, "idleTimeoutMs" | "stallTimeoutMs">,
): void {
  let open = 0;
  let cutting: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    if (session.destroyed) {
      socket?.destroy();
      return;
    }
    if (open > 0) {
      timer.refresh();
      return;
    }
    session.close();
    cutting = setTimeout(() => socket?.destroy(), stallTimeoutMs);
  }, idleTimeoutMs);
  session.on("stream", (stream) => {
    open += 1;
    stream.once("close", () => {
      open -= 1;
      if (open === 0) timer.refresh();
    });
  });
  session.once("close", () => {
    clearTimeout(timer);
    clearTimeout(cutting);
    socket?.destroy();
  });
}

function closeWhenLate(stream: Http2Stream, timeoutMs: number): void {
  const timer = setTimeout(() => {
    stream.close(constants.NGHTTP2_CANCEL);
    // Else it is kept until the client takes the news.
    stream.destroy();
  }, timeoutMs);
  stream.once("end", () => clearTimeout(timer));
  stream.once("close", () => clearTimeout(timer));
}
