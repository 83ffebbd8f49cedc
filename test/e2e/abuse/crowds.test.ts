import { once } from "node:events";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../../until.ts";
import { type AbusedHearth, received, startAbusedHearth } from "./abused_hearth.ts";

const MEBIBYTE = 1024 * 1024;
const FILE_BYTES = 48 * MEBIBYTE;
const LIMITS = {
  ...{ answersBytes: 64 * MEBIBYTE, bodiesBytes: 64 * MEBIBYTE },
  ...{ connectionsPerAddress: 50, stallTimeoutMs: 3000, headersTimeoutMs: 5000 },
};

describe.each([
  ["in the clear", false],
  ["over TLS", true],
])("%s", (_, isEncrypted) => {
  let abused: AbusedHearth;
  beforeAll(async () => {
    abused = await startAbusedHearth({ gateway: { limits: LIMITS } }, { isEncrypted });
    const { status } = await abused.rest.call("PUT", "/v1/data/large", new Uint8Array(FILE_BYTES));
    expect(status).toBe(200);
  });
  afterAll(() => abused?.[Symbol.asyncDispose]());

  /** Resident memory of the gateway. */
  function memoryBytes(): number {
    const [gateway] = abused.hearth.gateways;
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway?.pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** A connection that asks for a large file and takes nothing of it. */
  async function askAndIgnore(): Promise<Socket> {
    const socket = await abused.dial();
    socket.write("GET /v1/data/large HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    return socket.pause();
  }

  test("connections over the limit of an address are closed, and earlier ones stay open", async () => {
    const held = await Promise.all(Array.from({ length: LIMITS.connectionsPerAddress - 10 }, () => abused.dialBare()));
    await abused.expectWell();
    const more = Array.from({ length: 50 }, async () => received(await abused.dialBare()));
    expect(await Promise.race(more)).toBe("");
    for (const socket of held) socket.destroy();
    await Promise.all(more);
    await abused.expectWell();
  });

  test("clients that do not read a response lose their connection and use little memory until then", async () => {
    const before = memoryBytes();
    const sockets = await Promise.all(Array.from({ length: 20 }, askAndIgnore));
    await abused.expectWell();
    expect(memoryBytes() - before).toBeLessThan((20 * FILE_BYTES) / 8);
    const cut = await Promise.all(
      sockets.map(async (socket) => {
        const answer = received(socket);
        await until("the gateway gives up", async () => (await openConnections(socket)) === 0);
        socket.resume();
        return (await answer).length;
      }),
    );
    for (const taken of cut) expect(taken).toBeLessThan(FILE_BYTES);
    await abused.expectWell();
  });

  test("request bodies over the shared memory limit are aborted, the largest first", async () => {
    // Else the client itself breaks off what waits in it.
    const session = http2.connect(abused.hearth.url, { maxSessionMemory: 1000 });
    session.on("error", () => {});
    const upload = (name: string, mebibytes: number) => {
      const call = session.request({ ":method": "PUT", ":path": `/v1/data/${name}` });
      call.on("error", () => {});
      call.resume();
      call.write(Buffer.alloc(mebibytes * MEBIBYTE));
      return call;
    };
    const small = upload("small", 1);
    const large = Array.from({ length: 4 }, (_, number) => upload(`large${number}`, 30));
    await until("bodies are broken off", async () => large.filter(({ closed }) => closed).length >= 2);
    await abused.expectWell();
    expect(small.closed).toBe(false);
    small.end();
    const [{ ":status": status }] = await once(small, "response");
    expect(status).toBe(200);
    session.destroy();
    const socket = await abused.dial();
    const answer = received(socket);
    socket.write(
      `PUT /v1/data/large HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${FILE_BYTES + 12 * MEBIBYTE}\r\n\r\n`,
    );
    const another = await abused.dial();
    another.on("error", () => {});
    another.write(
      `PUT /v1/data/large HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${FILE_BYTES + 12 * MEBIBYTE}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(40 * MEBIBYTE));
    another.write(Buffer.alloc(30 * MEBIBYTE));
    expect(await answer).toBe("");
    another.destroy();
    await abused.expectWell();
  });

  test("responses over the shared memory limit are aborted until the others fit", async () => {
    await abused.rest.upload("large", `export const large = () => 1; // ${"x".repeat(20 * MEBIBYTE)}`);
    const session = http2.connect(abused.hearth.url, { settings: { initialWindowSize: 0 } });
    session.on("error", () => {});
    const calls = Array.from({ length: 8 }, () => session.request({ ":path": "/v1/binaries/large:download" }));
    for (const call of calls) call.on("error", () => {});
    // One that stalls would be broken off after 21 times the limit.
    await until("answers are broken off", async () => calls.filter(({ closed }) => closed).length === 5);
    for (const { closed, rstCode } of calls) if (closed) expect(rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    await abused.expectWell();
    expect(calls.filter(({ closed }) => closed).length).toBe(5);
    session.destroy();
  });

  /** How many connections the kernel has from that socket's port to the gateway, as the gateway's end sees it. */
  async function openConnections({ localPort = 0 }: Socket): Promise<number> {
    // To other servers there may be connections from the same port.
    const ends = [Number(new URL(abused.hearth.url).port), localPort].map((port) => {
      return `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    });
    const ESTABLISHED = "01";
    const wanted = [...ends, ESTABLISHED].join();
    const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
    return lines.filter((line) => line.trim().split(/\s+/).slice(1, 4).join() === wanted).length;
  }

  test("an HTTP/2 stream without a receive window is reset, and other streams of its connection continue", async () => {
    const session = http2.connect(abused.hearth.url, { settings: { initialWindowSize: 0 } });
    session.on("error", () => {});
    const stuck = session.request({ ":path": "/v1/data/large" });
    stuck.on("error", () => {});
    await once(stuck, "response");
    const end = once(stuck, "close");
    const other = session.request({ ":path": "/healthz", ":method": "HEAD" });
    const [head] = await once(other, "response");
    expect(head[":status"]).toBe(200);
    await end;
    expect(stuck.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
    await abused.expectWell();
  });

  test("a slow client that keeps reading receives the whole response", async () => {
    const socket = await askAndIgnore();
    const pieceBytes = 8 * MEBIBYTE;
    let taken = 0;
    let isClosed = false;
    socket.once("close", () => {
      isClosed = true;
    });
    socket.on("data", (chunk) => {
      const isPieceTaken = taken % pieceBytes > (taken + chunk.length) % pieceBytes;
      taken += chunk.length;
      if (!isPieceTaken) return;
      socket.pause();
      setTimeout(() => socket.resume(), LIMITS.stallTimeoutMs / 4);
    });
    socket.resume();
    await until("the whole file came", () => taken > FILE_BYTES || isClosed);
    expect(taken).toBeGreaterThan(FILE_BYTES);
    socket.destroy();
  });
});

test("a gateway closes connections over its total limit", async () => {
  await using abused = await startAbusedHearth({ gateway: { limits: { connections: 20 } } });
  const sockets = await Promise.all(Array.from({ length: 40 }, () => abused.dialBare()));
  await Promise.race(sockets.map((socket) => received(socket)));
  for (const socket of sockets) socket.destroy();
  await until("there is room again", async () => {
    const [outcome] = await Promise.allSettled([fetch(`${abused.hearth.url}/healthz`)]);
    return outcome.status === "fulfilled";
  });
  await abused.expectWell();
});
