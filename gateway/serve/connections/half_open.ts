import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../../limits.ts";

/**
 * Longest time from the end of a request to the end of what its client sends, in milliseconds, where the client waits for its answer: `nc -N`
 * and `shutdown(SHUT_WR)` come right after the request. One that ends its connection later leaves.
 */
const LAST_WORD_MS = 1000;

/** Silence after which TCP probes a client that closed its half of a connection, in milliseconds. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Longest time between two looks at the state of such a connection, in milliseconds. */
const LOOK_INTERVAL_MS = 5000;

/** The last request of a connection. */
interface Asked {
  readonly response: ServerResponse;
  /** Undefined: not all of it has come, or not all was read. */
  endMs: number | undefined;
}

const lastAsked = new WeakMap<Socket, Asked>();

/** Makes a server of HTTP/1.1 answer what a client asked before it closed its half of the connection, and then close the other half. */
export function allowHalfOpen(server: Server): void {
  // Not documented, and the only way: without it node ends the connection when the client has asked all that it wants.
  Object.assign(server, { httpAllowHalfOpen: true });
}

/** Takes note of a request of HTTP/1.1. */
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
  /** The connection itself in the clear, the one below it with TLS. */
  readonly tcp: Socket;
  readonly limits: Pick<Limits, "stallTimeoutMs">;
}

/**
 * Gives a connection to a server of HTTP/1.1. A client that closes its half right after its request either waits for the answer or is gone, and
 * nothing may be written to it before the answer. So TCP probes it; nobody reads that connection any more, so a write of no bytes finds out what
 * TCP knows. A client that closes its half while a call has been under way for a while has left.
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
