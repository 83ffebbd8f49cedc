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

/** Maximum interval between checks for requests that are late, in milliseconds. */
const CHECK_INTERVAL_MS = 5000;

const ALLOW = HTTP_METHODS.join(", ");

/** Options that make an HTTP/1.1 server enforce the limits. */
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

/** Options that make an HTTP/2 server enforce the limits. */
export function http2Options({ headerBytes, headers, streams, resetsPerSecond, resetBurst }: Limits): Http2Options {
  return {
    // Pseudo-headers count as well.
    maxHeaderListPairs: headers + 4,
    settings: { maxConcurrentStreams: streams, maxHeaderListSize: headerBytes },
    streamResetBurst: resetBurst,
    streamResetRate: resetsPerSecond,
  };
}

/**
 * Makes an HTTP/1.1 server reject CONNECT and requests with too many headers, and close connections with too many pending requests. Passes
 * all other requests to `serve`. Whoever reads the body of a request with `Expect: 100-continue` sends the 100.
 */
export function serveHttp1(server: Http1Server, serve: RequestListener, { headers, streams }: Limits): void {
  const openBySocket = new WeakMap<Socket, number>();
  // Node drops headers beyond this count: one more than allowed must arrive to be rejected.
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

/** A gateway is not a proxy. For CONNECT, Node provides the socket instead of a response. */
function refuseConnect(socket: Socket): void {
  socket.on("error", () => socket.destroy());
  socket.write(`HTTP/1.1 405 Method Not Allowed\r\nAllow: ${ALLOW}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

/**
 * Handles those HTTP/2 requests that Node would answer itself, in the same way. Node's own handlers call `respond()` after the client has
 * reset the stream, and throw where nothing catches it.
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

/** Closes idle sessions, and streams whose request does not arrive in time. Calls `onSession` for each session, with its connection. */
export function watchSessions(server: Http2Server, limits: Limits, { onSession }: SessionWatch): void {
  const { bodyTimeoutMs } = limits;
  let connecting: Socket | undefined;
  server.prependListener("connection", (socket: Socket) => {
    connecting = socket;
  });
  // Emitted while the server handles the "connection" event.
  server.on("session", (session) => {
    closeWhenIdle(session, connecting, limits);
    if (connecting !== undefined) onSession(session, connecting);
  });
  server.on("stream", (stream, _headers, flags) => {
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) === 0) closeWhenLate(stream, bodyTimeoutMs);
  });
}

/**
 * A session without open streams is idle: PING and SETTINGS do not keep it open. If the client does not read the GOAWAY, the connection is
 * destroyed. After a GOAWAY of the client, Node closes nothing by itself, so the timer runs as long as the connection is open.
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
    // Otherwise the stream is kept until the client reads the RST_STREAM.
    stream.destroy();
  }, timeoutMs);
  stream.once("end", () => clearTimeout(timer));
  stream.once("close", () => clearTimeout(timer));
}
