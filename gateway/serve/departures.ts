import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { deadline } from "../../lib/async/mod.ts";

/**
 * Shortest time that clients have to learn that they should go elsewhere before their idle connections are closed, in milliseconds. A
 * request that is on its way when its connection is closed would fail.
 */
const SHORTEST_LINGER_MS = 250;

/**
 * GOAWAY with the highest number as the last stream: the server still takes streams, but wants no more (RFC 9113, section 6.8). Node can send
 * it too, but then takes no stream that comes later.
 */
const GOODBYE = Buffer.from("0000080700000000007fffffff00000000", "hex");

/** Sends clients to other gateways, without a call that fails. */
export interface Departures {
  /** Takes note of a connection. */
  addConnection(socket: Socket): void;
  /** Takes note of an answer over HTTP/1.1. */
  add(response: ServerResponse): void;
  /** Takes note of a session of HTTP/2, and its connection. */
  addSession(session: ServerHttp2Session, socket: Socket): void;
  /** From now on answers over HTTP/1.1 close their connection, and sessions in the clear ask for no more streams, which they still serve. */
  begin(): void;
  /** Resolves when `lingerMs` have passed since the beginning, or when `over` resolves. */
  untilKnown(over: Promise<void>, options: { readonly lingerMs: number }): Promise<void>;
  /**
   * Sessions take no more streams; those that are open end. A connection of HTTP/1.1 is closed when it is idle, or after the answers that it
   * has, and one that stays silent is closed. Takes what resolves when no connection is left.
   */
  close(over: Promise<void>): void;
}

/** `closeIdle` closes the connections of HTTP/1.1 that wait for no answer; see `http.Server.closeIdleConnections()`. */
export function createDepartures({ closeIdle }: { closeIdle(): void }): Departures {
  const connections = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  const sessions = new Map<ServerHttp2Session, Socket>();
  let begunAt: number | undefined;
  let isClosing = false;

  /** Connections whose answers ended since they were looked at last. */
  const answered = new Set<Socket>();

  function closeAnswered(): void {
    const waiting = new Set([...responses].map(({ req }) => req.socket));
    // The head of an answer that began before the departure does not say that the connection ends.
    for (const socket of answered) if (!waiting.has(socket)) socket.destroySoon();
    answered.clear();
    closeIdleOnes();
  }

  /** Node takes a connection for idle whose answer was written as a whole, while the client has yet to read it. */
  function closeIdleOnes(): void {
    const isReadLater = [...responses].some(({ writableEnded }) => writableEnded);
    if (!isReadLater) closeIdle();
  }

  return {
    addConnection(socket) {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
    },
    add(response) {
      if (begunAt !== undefined) response.setHeader("connection", "close");
      responses.add(response);
      response.once("close", () => {
        responses.delete(response);
        if (!isClosing) return;
        // Many end at once when streams end.
        if (answered.size === 0) setImmediate(closeAnswered);
        answered.add(response.req.socket);
      });
    },
    addSession(session, socket) {
      sessions.set(session, socket);
      session.once("close", () => sessions.delete(session));
      if (isClosing) session.close();
      else if (begunAt !== undefined) sayGoodbye(socket);
    },
    begin() {
      if (begunAt !== undefined) return;
      begunAt = performance.now();
      for (const socket of sessions.values()) sayGoodbye(socket);
      for (const response of responses) if (!response.headersSent) response.setHeader("connection", "close");
    },
    async untilKnown(over, { lingerMs }) {
      const leftMs = (begunAt ?? 0) + Math.max(lingerMs, SHORTEST_LINGER_MS) - performance.now();
      if (leftMs <= 0) return;
      await deadline(over, leftMs, () => {});
    },
    close(over) {
      isClosing = true;
      closeIdleOnes();
      for (const session of sessions.keys()) session.close();
      // The first request of one that was opened just now may be on its way.
      const timer = setTimeout(() => {
        for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
      }, SHORTEST_LINGER_MS);
      over.finally(() => clearTimeout(timer));
    },
  };
}

/**
 * Node writes whole frames, so that there is room for one between them. Its first, SETTINGS, is written before immediates run. Beside what node
 * writes into a connection with TLS nothing can be written: its clients learn it when their session is closed.
 */
function sayGoodbye(socket: Socket): void {
  if (socket instanceof TLSSocket) return;
  setImmediate(() => socket.writable && socket.write(GOODBYE));
}
