import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../../limits.ts";

/**
 * Maximum time between the end of a request and the client's FIN, in milliseconds, for a client that still waits for the response: `nc -N`
 * and `shutdown(SHUT_WR)` send FIN right after the request. A later FIN means that the client has left.
 */
const LAST_WORD_MS = 1000;

/** Idle time after which TCP probes a half-closed connection, in milliseconds. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Maximum interval between checks of a half-closed connection, in milliseconds. */
const LOOK_INTERVAL_MS = 5000;

/** The last request of a connection. */
interface Asked {
  readonly response: ServerResponse;
  /** Undefined until the whole request has arrived and was read. */
  endMs: number | undefined;
}

const lastAsked = new WeakMap<Socket, Asked>();

/**
 * Makes an HTTP/1.1 server answer the pending requests of a client that has closed its half of the connection, and close the other half
 * afterwards.
 */
export function allowHalfOpen(server: Server): void {
  // An undocumented option, and the only way: by default Node ends the connection when the client sends FIN.
  Object.assign(server, { httpAllowHalfOpen: true });
}

/** Records the last HTTP/1.1 request of a connection. */
export function noteRequest(request: IncomingMessage, response: ServerResponse): void {
  const { socket, headers } = request;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const asked: Asked = { response, endMs: hasBody ? undefined : performance.now() };
  lastAsked.set(socket, asked);
  if (!hasBody) return;
  request.once("end", () => {
    asked.endMs = performance.now();
  });
}

interface Below {
  /** The TCP connection; with TLS, the one below the socket. */
  readonly tcp: Socket;
  readonly limits: Pick<Limits, "stallTimeoutMs">;
}

/**
 * Passes a connection to an HTTP/1.1 server. A client that sends FIN right after its request either waits for the response or is gone, and
 * nothing may be written before the response. So TCP keep-alive probes the connection, and an empty write reports what TCP found: nobody
 * reads the socket any more. A client that sends FIN later, while its call is running, has left.
 */
export function serveHalfOpen(server: Server, socket: Socket, { tcp, limits: { stallTimeoutMs } }: Below): void {
  socket.allowHalfOpen = true;
  socket.once("end", () => {
    if (isLeaving(socket)) {
      socket.destroy();
      return;
    }
    tcp.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    const look = (): unknown => tcp.writable && socket.writableLength === 0 && tcp.write("");
    const timer = setInterval(look, Math.min(LOOK_INTERVAL_MS, stallTimeoutMs));
    socket.once("close", () => clearInterval(timer));
  });
  server.emit("connection", socket);
}

function isLeaving(socket: Socket): boolean {
  const { response, endMs } = lastAsked.get(socket) ?? {};
  if (response === undefined || endMs === undefined || response.writableEnded) return false;
  return performance.now() - endMs > LAST_WORD_MS;
}
