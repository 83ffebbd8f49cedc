import { once } from "node:events";
import { Agent, get, type IncomingMessage, type RequestListener } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuthority } from "../../../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { log } from "../../../test/silent_log.ts";
import { limitsSection } from "../../limits.ts";
import { listenOnOnePort, type OpenPort } from "./one_port.ts";
import type { TlsFiles } from "./tls.ts";

let port: OpenPort;
let stack: AsyncDisposableStack;
/** Resolves, when a streamed response has begun, with the function that ends it. */
let begun: PromiseWithResolvers<() => void>;

/** More bytes than a connection buffers while nobody reads. */
const LARGE = Buffer.alloc(32 * 1024 * 1024);

const serve: RequestListener = (request, response) => {
  if (request.url === "/large") return void response.end(LARGE);
  if (request.url !== "/stream") return void response.end("answer");
  response.write("first ");
  begun.resolve(() => response.end("last"));
};

beforeEach(async () => {
  begun = Promise.withResolvers();
  stack = new AsyncDisposableStack();
  port = stack.use(await open());
});
afterEach(() => stack.disposeAsync());

function open(tls?: TlsFiles): Promise<OpenPort> {
  const limits = limitsSection.parse({});
  return listenOnOnePort({ host: "127.0.0.1", port: 0, serve, limits, log, tls });
}

function target(): { readonly host: string; readonly port: number } {
  const [host = "", number] = port.address.split(":");
  return { host, port: Number(number) };
}

test("drain() resolves when the pending responses have ended", async () => {
  const agent = new Agent({ keepAlive: true });
  stack.defer(() => agent.destroy());
  const asked = get({ ...target(), path: "/stream", agent });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const end = await begun.promise;
  const silent = connect(target());
  await once(silent, "connect");
  const silentClosed = once(silent, "close");
  const drained = port.drain({ lingerMs: 0 });
  // Idle connections close first.
  await silentClosed;
  end();
  expect(await text(response)).toBe("first last");
  await drained;
});

test("drain() lets a slow client read a response that was written before", async () => {
  const [response] = (await once(get({ ...target(), path: "/large" }), "response")) as [IncomingMessage];
  const silent = connect(target());
  await once(silent, "connect");
  const silentClosed = once(silent, "close");
  const drained = port.drain({ lingerMs: 0 });
  // Idle connections close first.
  await silentClosed;
  expect((await buffer(response)).length).toBe(LARGE.length);
  await drained;
});

test("drain() does not wait for a connection without a request", async () => {
  const socket = connect(target());
  await once(socket, "connect");
  const closed = once(socket, "close");
  await port.drain({ lingerMs: 0 });
  await closed;
});

test("drain() closes TLS connections: silent ones, and sessions after their calls", async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const issued = await (await createAuthority(path, "authority")).issue("gateway", { name: "gateway" });
  port = stack.use(await open({ clientCa: undefined, ...issued }));
  const secure = { ...target(), rejectUnauthorized: false };
  const silent = connectTls({ ...secure, ALPNProtocols: ["http/1.1"] });
  await once(silent, "secureConnect");
  const silentClosed = once(silent, "close");
  const session = connectHttp2(`https://${port.address}`, { rejectUnauthorized: false });
  expect(await ask(session)).toBe("answer");
  const sessionClosed = once(session, "close");
  port.sendAway();
  expect(await ask(session)).toBe("answer");
  await port.drain({ lingerMs: 0 });
  await Promise.all([silentClosed, sessionClosed]);
});

test("HTTP/2 calls that cross the GOAWAY are served, and later ones use another connection", async () => {
  const proxy = await startProxy();
  stack.defer(() => proxy.close());
  const session = connectHttp2(`http://127.0.0.1:${proxy.port}`);
  stack.defer(() => session.destroy());
  const goodbye = once(session, "goaway");
  expect(await ask(session)).toBe("answer");
  proxy.hold();
  port.sendAway();
  await proxy.whenHeld;
  const late = Array.from({ length: 20 }, () => ask(session));
  proxy.release();
  expect(new Set(await Promise.all(late))).toEqual(new Set(["answer"]));
  const [code, lastStream] = await goodbye;
  expect({ code, lastStream }).toEqual({ code: 0, lastStream: 2 ** 31 - 1 });
});

test("a session that begins during the drain receives GOAWAY, and is served", async () => {
  port.sendAway();
  const session = connectHttp2(`http://${port.address}`);
  stack.defer(() => session.destroy());
  const goodbye = once(session, "goaway");
  expect(await ask(session)).toBe("answer");
  await goodbye;
});

async function ask(session: ClientHttp2Session): Promise<string> {
  return text(session.request({ ":path": "/" }));
}

/** A TCP proxy before the port that can hold back what the port sends. */
async function startProxy() {
  const held = Promise.withResolvers<void>();
  let upstream: Socket | undefined;
  let downstream: Socket | undefined;
  const pieces: Buffer[] = [];
  const server: Server = createServer((socket) => {
    downstream = socket;
    upstream = connect(target());
    for (const end of [socket, upstream]) end.on("error", () => {});
    socket.pipe(upstream);
    upstream.pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    /** Resolves when the proxy holds data back. */
    whenHeld: held.promise,
    hold() {
      if (downstream === undefined) throw new Error("nobody is connected");
      upstream?.unpipe(downstream);
      upstream?.on("data", (piece: Buffer) => {
        pieces.push(piece);
        held.resolve();
      });
      upstream?.resume();
    },
    release() {
      upstream?.removeAllListeners("data");
      for (const piece of pieces) downstream?.write(piece);
      if (downstream !== undefined) upstream?.pipe(downstream);
    },
    close() {
      server.close();
      downstream?.destroy();
      upstream?.destroy();
    },
  };
}
