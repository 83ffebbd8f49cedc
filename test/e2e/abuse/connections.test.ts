import { type EventEmitter, once } from "node:events";
import http2 from "node:http2";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AbusedHearth, received, startAbusedHearth } from "./abused_hearth.ts";

const LIMITS = {
  headerBytes: 8 * 1024,
  headers: 50,
  streams: 20,
  resetsPerSecond: 10,
  resetBurst: 100,
  // Enough for a good client on a machine that has a lot else to do.
  headersTimeoutMs: 2000,
  bodyTimeoutMs: 3000,
  idleTimeoutMs: 1500,
  stallTimeoutMs: 1500,
};
const POST = "POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";

/** Resolves when it is closed, however it ended. */
function closed(connection: EventEmitter): Promise<void> {
  return new Promise((resolve) => connection.once("close", resolve));
}

/** Sends a little now and again, for ever, and answers what came back until the gateway closed the connection. */
async function drip(socket: Socket, piece: string): Promise<string> {
  const timer = setInterval(() => socket.write(piece), 50);
  const answer = await received(socket);
  clearInterval(timer);
  return answer;
}

describe.each([
  ["in the clear", false],
  ["over TLS", true],
])("%s", (_, isEncrypted) => {
  // Their handshakes are work for this process too, which has to be a good client meanwhile.
  const clients = isEncrypted ? 20 : 100;
  let abused: AbusedHearth;
  beforeAll(async () => {
    abused = await startAbusedHearth({ gateway: { limits: LIMITS } }, { isEncrypted });
  });
  afterEach(() => abused.expectWell());
  afterAll(() => abused?.[Symbol.asyncDispose]());

  function connect(): http2.ClientHttp2Session {
    const session = http2.connect(abused.hearth.url);
    session.on("error", () => {});
    return session;
  }

  test("a client that pipelines requests without reading responses loses its connection", async () => {
    const socket = await abused.dial();
    const asked = "GET /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".repeat(LIMITS.streams + 1);
    socket.write(asked);
    const answer = await received(socket);
    expect(answer.split("HTTP/1.1 200").length - 1).toBeLessThanOrEqual(LIMITS.streams);
  });

  describe("slow clients lose their connections, also many at once", () => {
    test("with a head that does not end", async () => {
      const answers = Array.from({ length: clients }, async () => {
        const socket = await abused.dial();
        socket.write("GET /v1/jobs HTTP/1.1\r\n");
        return drip(socket, "x-slow: 1\r\n");
      });
      await abused.expectWell();
      for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 (408|431) |^$/);
    });

    test("with a body that does not end", async () => {
      const answers = Array.from({ length: clients }, async () => {
        const socket = await abused.dial();
        socket.write(`${POST}content-length: 100000\r\n\r\n`);
        return drip(socket, " ");
      });
      await abused.expectWell();
      for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 4|^$/);
    });

    test("with a body of HTTP/2 that does not end", async () => {
      const session = connect();
      const stream = session.request({
        ":method": "POST",
        ":path": "/v1/jobs",
        "content-type": "application/json",
      });
      stream.on("error", () => {});
      const timer = setInterval(() => stream.write(" "), 50);
      await closed(stream);
      clearInterval(timer);
      expect(stream.rstCode).not.toBe(0);
      session.destroy();
    });

    test("with pings and no calls", async () => {
      const session = connect();
      await once(session, "connect");
      const timer = setInterval(() => session.closed || session.destroyed || session.ping(() => {}), 50);
      await closed(session);
      clearInterval(timer);
    });

    test("without sending anything", async () => {
      const ends = Array.from({ length: clients }, async () => received(await abused.dial()));
      await abused.expectWell();
      for (const answer of await Promise.all(ends)) expect(answer).toMatch(/^HTTP\/1\.1 408 |^$/);
    });

    test("when idle after a response", async () => {
      const answer = await abused.say("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    });
  });

  test("a call that takes longer than the connection timeouts receives its response", async () => {
    const source = "export const wait = () => new Promise((resolve) => setTimeout(() => resolve('done'), 3500));";
    await abused.rest.upload("patient", source);
    const spec = { binary: "patient", entryPoint: "wait", context: "shared" };
    expect((await abused.rest.run(spec)).result).toBe("done");
    const session = connect();
    const stream = session.request({ ":method": "POST", ":path": "/v1/jobs:run", "content-type": "application/json" });
    stream.end(JSON.stringify(spec));
    expect(JSON.parse(await text(stream))).toMatchObject({ result: "done" });
    session.close();
  });

  describe("headers over the limit", () => {
    test("are answered 431 over HTTP/1.1", async () => {
      const many = Array.from({ length: LIMITS.headers }, (_, number) => `h${number}: 1\r\n`).join("");
      for (const headers of [many, `x: ${"x".repeat(LIMITS.headerBytes)}\r\n`]) {
        const answer = await abused.say(
          `GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${headers}\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      }
    });

    test("are refused over HTTP/2", async () => {
      const many = Object.fromEntries(Array.from({ length: LIMITS.headers + 5 }, (_, number) => [`h${number}`, "1"]));
      for (const headers of [many, { x: "x".repeat(LIMITS.headerBytes) }]) {
        const session = connect();
        // The size counts from when the client has agreed to it; before, 64 KiB do.
        await once(session, "remoteSettings");
        const stream = session.request({ ":path": "/healthz", ...headers });
        stream.on("error", () => {});
        let status: unknown;
        stream.on("response", (head) => {
          status = head[":status"];
        });
        await closed(stream.resume());
        expect(status ?? `reset ${stream.rstCode}`).toBe(`reset ${http2.constants.NGHTTP2_ENHANCE_YOUR_CALM}`);
        session.destroy();
      }
    });
  });

  describe("HTTP/2", () => {
    test("announces the limit of concurrent streams", async () => {
      const session = connect();
      const [settings] = await once(session, "remoteSettings");
      expect(settings).toMatchObject({ maxConcurrentStreams: LIMITS.streams, maxHeaderListSize: LIMITS.headerBytes });
      session.destroy();
    });

    test("closes the connection of a client that resets streams rapidly", async () => {
      const session = connect();
      await once(session, "remoteSettings");
      const end = closed(session);
      let sent = 0;
      const reset = (): void => {
        if (session.closed || session.destroyed) return;
        for (let number = 0; number < 20; number++) {
          const stream = session.request({ ":path": "/v1/jobs" });
          stream.on("error", () => {});
          stream.close(http2.constants.NGHTTP2_CANCEL);
          sent += 1;
        }
        // The answer says that the gateway has had these, however slow it is.
        session.ping(reset);
      };
      reset();
      await end;
      expect(sent).toBeLessThan(LIMITS.resetBurst * 20);
    });

    test("survives malformed frames", async () => {
      const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
      for (const frames of [
        "\xff".repeat(1000),
        "\0\0\x04\x08\0\0\0\0\0\0\0\0\0",
        "\0\0\0\x09\x04\0\0\0\x01".repeat(1000),
      ]) {
        expect((await abused.say(preface + frames)).length).toBeLessThan(1000);
      }
    });
  });

  test("bytes that are not HTTP get 400 or a closed connection", async () => {
    for (const bytes of [
      "\x16\x03\x01\x02\0\x01\0",
      "GET\0/ HTTP/1.1\r\n\r\n",
      "x".repeat(100_000),
      "P",
      "\r\n".repeat(5000),
    ]) {
      expect(await abused.say(bytes)).toMatch(/^(HTTP\/1\.1 4|$)/);
    }
  });
});

describe("TLS", () => {
  let abused: AbusedHearth;
  beforeAll(async () => {
    abused = await startAbusedHearth({ gateway: { limits: LIMITS } }, { isEncrypted: true });
  });
  afterEach(() => abused.expectWell());
  afterAll(() => abused?.[Symbol.asyncDispose]());

  test.each([
    ["never begins", ""],
    ["never ends", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ])("closes connections with a handshake that %s, a hundred at a time", async (_, words) => {
    const ends = Array.from({ length: 100 }, async () => {
      const socket = await abused.dialBare();
      socket.write(words, "latin1");
      return received(socket);
    });
    await abused.expectWell();
    for (const answer of await Promise.all(ends)) expect(answer.length).toBeLessThan(10);
  });
});
