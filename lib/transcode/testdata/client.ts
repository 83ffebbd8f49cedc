import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import type { Readable } from "node:stream";
import type { TestServer } from "./server.ts";

export type Protocol = "http1" | "http2";

/** An exchange whose response body has not been read. */
export interface Exchange extends Disposable {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readable;
  /** Closes the connection. */
  leave(): void;
}

export interface Sending {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** Sends a request on its own connection; resolves when the head of the response has arrived. */
export function send(server: TestServer, protocol: Protocol, sending: Sending): Promise<Exchange> {
  return protocol === "http1" ? sendHttp1(server, sending) : sendHttp2(server, sending);
}

/** Sends a request without waiting for the response, and without ending its body; returns a function that closes the connection. */
export function sendUnawaited(server: TestServer, protocol: Protocol, sending: Sending): () => void {
  const { request, leave } = protocol === "http1" ? openHttp1(server, sending) : openHttp2(server, sending);
  request.on("error", () => {});
  if (sending.body === undefined) {
    request.end();
    return leave;
  }
  request.write(sending.body);
  return leave;
}

function openHttp1(server: TestServer, { method = "GET", path, headers = {} }: Sending) {
  const request = http.request(server.url + path, { method, headers, agent: false });
  return { request, leave: () => void request.destroy() };
}

function openHttp2(server: TestServer, { method = "GET", path, headers = {} }: Sending) {
  const session = http2.connect(server.url);
  const request = session.request({ ":method": method, ":path": path, ...headers }, { endStream: false });
  return { request, leave: () => session.destroy() };
}

async function sendHttp1(server: TestServer, sending: Sending): Promise<Exchange> {
  const { request, leave } = openHttp1(server, sending);
  const answered = once(request, "response");
  request.end(sending.body);
  const response: http.IncomingMessage = (await answered)[0];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: response,
    leave,
    [Symbol.dispose]: leave,
  };
}

async function sendHttp2(server: TestServer, sending: Sending): Promise<Exchange> {
  const { request, leave } = openHttp2(server, sending);
  const answered = once(request, "response");
  request.end(sending.body);
  const head: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = (await answered)[0];
  return { status: head[":status"] ?? 0, headers: head, body: request, leave, [Symbol.dispose]: leave };
}
