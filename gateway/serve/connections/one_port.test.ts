import { once } from "node:events";
import type { RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createAuthority } from "../../../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { PREFACE, settings } from "../../../test/http/http2_frames.ts";
import { log } from "../../../test/silent_log.ts";
import { limitsSection } from "../../limits.ts";
import { listenOnOnePort, type OpenPort } from "./one_port.ts";

/** Resolves when the next request is pending, with the function that answers it. */
let asked: PromiseWithResolvers<() => void>;
/** Resolves when the response to the pending request has ended or closed. */
let ended: PromiseWithResolvers<void>;

beforeEach(() => {
  asked = Promise.withResolvers();
  ended = Promise.withResolvers();
});

const serve: RequestListener = (request, response) => {
  response.once("close", () => ended.resolve());
  request.resume();
  if (request.url === "/stream") response.write("first ");
  if (request.url === "/now") response.end("now");
  else request.once("end", () => asked.resolve(() => response.end(`answer of ${request.url}`)));
};

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe.each([
  ["in the clear", false],
  ["over TLS", true],
])("a connection %s", (_, isEncrypted) => {
  let port: OpenPort;
  let dial: () => Promise<Socket>;
  /** The TCP connection below the last TLS socket. */
  let bare: Socket;
  const stack = new AsyncDisposableStack();

  beforeAll(async () => {
    const { path } = stack.use(await createTemporaryDirectory());
    const authority = await createAuthority(path, "authority");
    const tls = isEncrypted ? await authority.issue("gateway", { name: "gateway" }) : undefined;
    const limits = limitsSection.parse({ headersTimeoutMs: 5000, stallTimeoutMs: 200 });
    port = stack.use(
      await listenOnOnePort({
        ...{ host: "127.0.0.1", port: 0, serve, limits, log },
        tls: tls && { clientCa: undefined, ...tls },
      }),
    );
    const [host = "", number] = port.address.split(":");
    dial = async () => {
      bare = connect({ host, port: Number(number), allowHalfOpen: true, noDelay: true });
      await once(bare, "connect");
      if (!isEncrypted) return bare;
      const secure = connectTls({ socket: bare, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
      await once(secure, "secureConnect");
      return secure;
    };
  });
  afterAll(() => stack.disposeAsync());

  test("half-closed with its request gets the response, and ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end(GET("/later"));
    (await asked.promise)();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nanswer of \/later$/);
  });

  test("half-closed while its request is pending gets the response", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.write(GET("/now") + GET("/later"));
    const end = await asked.promise;
    socket.end();
    // The gateway has read the FIN once it has closed a connection that was half-closed later.
    const other = await dial();
    const otherEnd = received(other);
    other.end();
    await otherEnd;
    end();
    expect(await answer).toMatch(/\r\n\r\nnow[\s\S]*answer of \/later$/);
  });

  test("half-closed during a streamed response gets the rest of it", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.write(GET("/stream"));
    const end = await asked.promise;
    socket.end();
    end();
    expect(await answer).toMatch(/\r\nfirst \r\n[\s\S]*answer of \/stream\r\n0\r\n\r\n$/);
  });

  test.each([
    ["", "GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    [" with a body", "POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"],
    [" whose answer has begun", GET("/stream")],
  ])("closed a while after a request%s aborts the request", async (_, request) => {
    using clock = fakeClock();
    const socket = await dial();
    socket.write(request);
    await asked.promise;
    clock.advance(1500);
    socket.end();
    await ended.promise;
  });

  test("half-closed in the middle of its request ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    expect(await answer).toMatch(/^$|^HTTP\/1\.1 400 /);
    await ended.promise;
  });

  test("half-closed without a request ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end();
    expect(await answer).toBe("");
  });

  test("with a client that is gone aborts its request", async () => {
    const socket = await dial();
    socket.on("error", () => {});
    socket.end(GET("/later"));
    await asked.promise;
    bare.resetAndDestroy();
    await ended.promise;
  });

  test("with a request that arrives byte by byte is served", async () => {
    const socket = await dial();
    const answer = received(socket);
    for (const byte of GET("/now").replace("GET", "PROPFIND")) await write(socket, byte);
    socket.end();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*now$/);
  });
});

describe("the HTTP/2 connection preface", () => {
  let port: OpenPort;
  beforeAll(async () => {
    const limits = limitsSection.parse({ headersTimeoutMs: 1000 });
    port = await listenOnOnePort({ host: "127.0.0.1", port: 0, serve, limits, log, tls: undefined });
  });
  afterAll(() => port?.[Symbol.asyncDispose]());

  async function dial(): Promise<Socket> {
    const [host = "", number] = port.address.split(":");
    const socket = connect({ host, port: Number(number), noDelay: true });
    await once(socket, "connect");
    return socket;
  }

  test.each([
    ["byte by byte", [...PREFACE].map((byte) => Buffer.from([byte]))],
    ["after one letter", [PREFACE.subarray(0, 1), PREFACE.subarray(1)]],
    ["in the middle", [PREFACE.subarray(0, 18), PREFACE.subarray(18)]],
  ])("may arrive in pieces: %s", async (_, pieces) => {
    const socket = await dial();
    for (const piece of pieces) await write(socket, piece);
    socket.write(settings());
    const [bytes] = (await once(socket, "data")) as [Buffer];
    // The first frame of a server is SETTINGS (RFC 9113, section 3.4).
    expect(bytes[3]).toBe(4);
    socket.destroy();
  });

  test("that does not match is read as an HTTP/1.1 request", async () => {
    const socket = await dial();
    const answer = received(socket);
    for (const piece of ["PRI * HT", "TP/2.1\r\n\r\n"]) await write(socket, piece);
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that stays incomplete ends the connection on timeout", async () => {
    const socket = await dial();
    const answer = received(socket);
    await write(socket, "PRI * H");
    expect(await answer).toBe("");
  });
});

/** Replaces the clock of the process, but not its timers. */
function fakeClock() {
  vi.useFakeTimers({ toFake: ["performance"] });
  return { advance: (ms: number) => vi.advanceTimersByTime(ms), [Symbol.dispose]: () => void vi.useRealTimers() };
}

/** Everything that arrives until the connection closes. */
async function received(socket: Socket): Promise<string> {
  let words = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    words += chunk;
  });
  socket.on("error", () => {});
  socket.on("end", () => socket.destroy());
  await new Promise((resolve) => socket.once("close", resolve));
  return words;
}

/** Resolves in a later turn than the write, so that each piece is a segment of its own. */
async function write(socket: Socket, piece: string | Uint8Array): Promise<void> {
  await new Promise((resolve) => socket.write(piece, resolve));
}
