import type { Server as Http1Server } from "node:http";
import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import type { Limits } from "../../limits.ts";
import { serveHalfOpen } from "./half_open.ts";

/** The connection preface of HTTP/2 (RFC 9113, section 3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

interface Servers {
  readonly http1: Http1Server;
  readonly http2: Http2Server;
  readonly limits: Pick<Limits, "headersTimeoutMs" | "stallTimeoutMs">;
}

/**
 * Reads the first bytes of a connection, puts them back, and passes the socket to the server for their protocol. Closes the connection on
 * timeout if the client sends nothing, or only a part of the preface.
 */
export function detectHttpVersion(socket: Socket, { http1, http2, limits }: Servers): void {
  let first = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), limits.headersTimeoutMs);
  const clear = (): void => clearTimeout(timer);
  socket.once("close", clear);
  socket.on("readable", read);

  function read(): void {
    const bytes: Buffer<ArrayBuffer> | null = socket.read();
    if (bytes === null) return;
    first = first.length === 0 ? bytes : Buffer.concat([first, bytes]);
    const length = Math.min(first.length, PREFACE.length);
    const isPreface = first.compare(PREFACE, 0, length, 0, length) === 0;
    if (isPreface && length < PREFACE.length) return;
    clear();
    socket.off("close", clear);
    socket.off("readable", read);
    socket.unshift(first);
    if (isPreface) http2.emit("connection", socket);
    else serveHalfOpen(http1, socket, { tcp: socket, limits });
  }
}
