import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";

/** Silence after which TCP probes a client that closed its half of a connection, in milliseconds. */
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Longest time between two looks at the state of such a connection, in milliseconds. */
const LOOK_INTERVAL_MS = 5000;

/** Makes a server of HTTP/1.1 answer what a client asked before it closed its half of the connection, and then close the other half. */
export function allowHalfOpen(server: Server): void {
  // Not documented, and the only way: without it node ends the connection when the client has asked all that it wants.
  Object.assign(server, { httpAllowHalfOpen: true });
}

interface Below {
  /** The connection itself in the clear, the one below it with TLS. */
  readonly tcp: Socket;
  readonly limits: Pick<Limits, "stallTimeoutMs">;
}

/**
 * Gives a connection to a server of HTTP/1.1. A client that closes its half either waits for its answer or is gone, and nothing may be
 * written to it before the answer. So TCP probes it; nobody reads that connection any more, so a write of no bytes finds out what TCP knows.
 */
export function serveHalfOpen(server: Server, socket: Socket, { tcp, limits: { stallTimeoutMs } }: Below): void {
  socket.allowHalfOpen = true;
  socket.once("end", () => {
    tcp.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    const look = (): unknown => tcp.writable && socket.writableLength === 0 && tcp.write("");
    const timer = setInterval(look, Math.min(LOOK_INTERVAL_MS, stallTimeoutMs));
    socket.once("close", () => clearInterval(timer));
  });
  server.emit("connection", socket);
}
