import { once } from "node:events";
import type { RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createAuthority } from "../../test/auth/certificates.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { PREFACE, settings } from "../../test/http/http2_frames.ts";
import { log } from "../../test/silent_log.ts";
import { limitsSection } from "../limits.ts";
import { listenOnOnePort, type OpenPort } from "./one_port.ts";

/** Resolves when the next request waits for its answer: it is answered by what it resolves to. */
let asked: PromiseWithResolvers<() => void>;
/** Resolves when the answer of the request that waited has ended, however it ended. */
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
  /** The TCP connection below the last one. */
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

  test("that the client half closes with its request gets the answer, and ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end(GET("/later"));
    (await asked.promise)();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nanswer of \/later$/);
  });

  test("that the client half closes while its request waits gets the answer", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.write(GET("/now") + GET("/later"));
    const end = await asked.promise;
    socket.end();
    // The gateway has read the end when it has closed a connection that was half closed later.
    const other = await dial();
    const otherEnd = received(other);
    other.end();
    await otherEnd;
    end();
    expect(await answer).toMatch(/\r\n\r\nnow[\s\S]*answer of \/later$/);
  });

  test("that the client half closes in a streamed answer gets the rest of it", async () => {
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
  ])("that the client closes a while after a request%s ends it", async (_, request) => {
    using clock = fakeClock();
    const socket = await dial();
    socket.write(request);
    await asked.promise;
    clock.advance(1500);
    socket.end();
    await ended.promise;
  });

  test("that the client half closes in the middle of its request ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end("POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
    expect(await answer).toMatch(/^$|^HTTP\/1\.1 400 /);
    await ended.promise;
  });

  test("that the client half closes without a request ends", async () => {
    const socket = await dial();
    const answer = received(socket);
    socket.end();
    expect(await answer).toBe("");
  });

  test("whose client is gone ends its request", async () => {
    const socket = await dial();
    socket.on("error", () => {});
    socket.end(GET("/later"));
    await asked.promise;
    bare.resetAndDestroy();
    await ended.promise;
  });

  test("on which a request comes byte by byte is answered", async () => {
    const socket = await dial();
    const answer = received(socket);
    for (const byte of GET("/now").replace("GET", "PROPFIND")) await write(socket, byte);
    socket.end();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*now$/);
  });
});

describe("the preface of HTTP/2", () => {
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
  ])("may come in pieces: %s", async (_, pieces) => {
    const socket = await dial();
    for (const piece of pieces) await write(socket, piece);
    socket.write(settings());
    const [bytes] = (await once(socket, "data")) as [Buffer];
    // The first frame of a server is SETTINGS (RFC 9113, section 3.4).
    expect(bytes[3]).toBe(4);
    socket.destroy();
  });

  test("that is not the whole one is a request of HTTP/1.1", async () => {
    const socket = await dial();
    const answer = received(socket);
    for (const piece of ["PRI * HT", "TP/2.1\r\n\r\n"]) await write(socket, piece);
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("that does not come to its end loses its connection", async () => {
    const socket = await dial();
    const answer = received(socket);
    await write(socket, "PRI * H");
    expect(await answer).toBe("");
  });
});

/** The clock of the process, without its timers. */
function fakeClock() {
  vi.useFakeTimers({ toFake: ["performance"] });
  return { advance: (ms: number) => vi.advanceTimersByTime(ms), [Symbol.dispose]: () => void vi.useRealTimers() };
}

/** All that comes until the connection closes. */
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

/** Resolves in a later turn than it is written, so that each piece is a segment of its own. */
async function write(socket: Socket, piece: string | Uint8Array): Promise<void> {
  await new Promise((resolve) => socket.write(piece, resolve));
}
