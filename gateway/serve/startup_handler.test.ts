import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { log } from "../../test/silent_log.ts";
import { limitsSection } from "../limits.ts";
import { createStartupHandler } from "./startup_handler.ts";

let server: Server;
const never = new AbortController().signal;
const readiness = { problems: async () => [], draining: never, closing: never };

beforeAll(async () => {
  const limits = limitsSection.parse({});
  // A node:http server rejects HTTP/1.1 requests without a host itself, unless configured otherwise.
  const options = { requireHostHeader: false };
  server = createServer(options, createStartupHandler({ readiness, limits, log }));
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => server.close());

const CHECK = "/grpc.health.v1.Health/Check";

async function ask(head: readonly string[], body: Uint8Array = new Uint8Array()): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  const length = `Content-Length: ${body.length}`;
  socket.write(Buffer.concat([Buffer.from(`${[...head, length, "Connection: close"].join("\r\n")}\r\n\r\n`), body]));
  return text(socket);
}

describe("a gateway that starts", () => {
  test.each(["http://gw/healthz", "/%68ealthz", "http://gw/readyz?full", "/%72eadyz"])(
    "serves its health at %s",
    async (target) => {
      expect(await ask([`GET ${target} HTTP/1.1`, "Host: gw"])).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  test.each([[[]], [["Host: a b"]]])("rejects a call without a host: %o", async (headers) => {
    const answer = await ask([`POST ${CHECK} HTTP/1.1`, "Content-Type: application/json", ...headers]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*names no host/);
  });
});

test("a health check of an unknown service returns an error of the catalogue, with its name shortened", async () => {
  const service = "x".repeat(10_000);
  const head = [`POST ${CHECK} HTTP/1.1`, "Host: localhost", "Content-Type: application/json"];
  const answer = await ask(head, Buffer.from(JSON.stringify({ service })));
  expect(answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*Cannot check service/);
  expect(answer.length).toBeLessThan(6000);
});
