import type { ServerResponse } from "node:http";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { deadline } from "../../../lib/async/mod.ts";

/**
 * Minimum time between asking clients to reconnect elsewhere and closing their idle connections, in milliseconds. A request in transit
 * fails when its connection closes.
 */
const SHORTEST_LINGER_MS = 250;

/**
 * GOAWAY with the highest possible last stream id: the server still accepts streams, but asks for no more (RFC 9113, section 6.8). Node's
 * own GOAWAY makes it reject streams that arrive later.
 */
const GOAWAY_FRAME = Buffer.from("0000080700000000007fffffff00000000", "hex");

/** Moves clients to other gateways without failing their calls. */
export interface ConnectionDrain {
  /** Tracks a connection. */
  addConnection(socket: Socket): void;
  /** Tracks a response over HTTP/1.1. */
  add(response: ServerResponse): void;
  /** Tracks an HTTP/2 session and its connection. */
  addSession(session: ServerHttp2Session, socket: Socket): void;
  /**
   * From now on, responses over HTTP/1.1 close their connection. HTTP/2 sessions without TLS receive GOAWAY; streams that they open anyway
   * are still served.
   */
  begin(): void;
  /** Resolves when `lingerMs` have passed since `begin()`, or when `over` resolves. */
  untilKnown(over: Promise<void>, options: { readonly lingerMs: number }): Promise<void>;
  /**
   * Closes the sessions: open streams finish, new ones are rejected. Closes HTTP/1.1 connections when they are idle, after their pending
   * responses, or when they never send a request. `over` resolves when no connection is left.
   */
  close(over: Promise<void>): void;
}

/** `closeIdle` closes the HTTP/1.1 connections without a pending response; see `http.Server.closeIdleConnections()`. */
export function createConnectionDrain({ closeIdle }: { closeIdle(): void }): ConnectionDrain {
  const connections = new Set<Socket>();
  const responses = new Set<ServerResponse>();
  const sessions = new Map<ServerHttp2Session, Socket>();
  let begunAt: number | undefined;
  let isClosing = false;

  /** Connections with a response that ended since the last check. */
  const answered = new Set<Socket>();

  function closeAnswered(): void {
    const waiting = new Set([...responses].map(({ req }) => req.socket));
    // A response whose head was sent before the drain began does not announce the end of its connection.
    for (const socket of answered) if (!waiting.has(socket)) socket.destroySoon();
    answered.clear();
    closeIdleOnes();
  }

  /** Node considers a connection idle as soon as its response is written, although the client may not have read it yet. */
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
        // Many responses end at once when streams end.
        if (answered.size === 0) setImmediate(closeAnswered);
        answered.add(response.req.socket);
      });
    },
    addSession(session, socket) {
      sessions.set(session, socket);
      session.once("close", () => sessions.delete(session));
      if (isClosing) session.close();
      else if (begunAt !== undefined) sendGoaway(socket);
    },
    begin() {
      if (begunAt !== undefined) return;
      begunAt = performance.now();
      for (const socket of sessions.values()) sendGoaway(socket);
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
      // The first request of a new connection may be in transit.
      const timer = setTimeout(() => {
        for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
      }, SHORTEST_LINGER_MS);
      over.finally(() => clearTimeout(timer));
    },
  };
}

/**
 * Writes GOAWAY between Node's frames, which Node writes whole. Node writes SETTINGS, its first frame, before immediates run. Nothing can
 * be inserted into a TLS connection: its clients notice when their session closes.
 */
function sendGoaway(socket: Socket): void {
  if (socket instanceof TLSSocket) return;
  setImmediate(() => socket.writable && socket.write(GOAWAY_FRAME));
}
