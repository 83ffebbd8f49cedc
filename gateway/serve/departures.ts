import type { ServerResponse } from "node:http";
import { constants, type ServerHttp2Session } from "node:http2";

/**
 * Shortest time that clients have to learn that they should go elsewhere before their idle connections are closed, in milliseconds. A
 * request that is on its way when its connection is closed would fail.
 */
const SHORTEST_LINGER_MS = 250;

/** The number of a last stream by which a server says that it still takes streams, but wants no more (RFC 9113, section 6.8). */
const LAST_STREAM = 2 ** 31 - 1;

/** Sends clients to other gateways, without a call that fails. */
export interface Departures {
  /** Takes note of an answer over HTTP/1.1. */
  add(response: ServerResponse): void;
  /** Takes note of a session of HTTP/2. */
  addSession(session: ServerHttp2Session): void;
  /** From now on answers over HTTP/1.1 close their connection, and sessions ask for no more streams, which they still serve. */
  begin(): void;
  /** Resolves when `lingerMs` have passed since the beginning, or when `over` resolves. */
  untilKnown(over: Promise<void>, options: { readonly lingerMs: number }): Promise<void>;
  /** Takes no more streams; those that are open end. */
  closeSessions(): void;
}

export function createDepartures(): Departures {
  const responses = new Set<ServerResponse>();
  const sessions = new Set<ServerHttp2Session>();
  let begunAt: number | undefined;
  let isClosing = false;
  return {
    add(response) {
      if (begunAt !== undefined) {
        response.setHeader("connection", "close");
        return;
      }
      responses.add(response);
      response.once("close", () => responses.delete(response));
    },
    addSession(session) {
      sessions.add(session);
      session.once("close", () => sessions.delete(session));
      if (isClosing) session.close();
      else if (begunAt !== undefined) sayGoodbye(session);
    },
    begin() {
      if (begunAt !== undefined) return;
      begunAt = performance.now();
      for (const session of sessions) sayGoodbye(session);
      for (const response of responses) if (!response.headersSent) response.setHeader("connection", "close");
      responses.clear();
    },
    async untilKnown(over, { lingerMs }) {
      const leftMs = (begunAt ?? 0) + Math.max(lingerMs, SHORTEST_LINGER_MS) - performance.now();
      if (leftMs <= 0) return;
      const known = Promise.withResolvers<void>();
      const timer = setTimeout(known.resolve, leftMs);
      await Promise.race([known.promise, over]);
      clearTimeout(timer);
    },
    closeSessions() {
      isClosing = true;
      for (const session of sessions) session.close();
    },
  };
}

function sayGoodbye(session: ServerHttp2Session): void {
  if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM);
}
