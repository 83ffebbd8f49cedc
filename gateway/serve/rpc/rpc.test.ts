import { once } from "node:events";
import { createServer, request as requestOf, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { deflateRawSync, deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { createContextValues } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Health } from "../../../proto/mod.ts";
import { createRpc } from "./rpc.ts";

let server: Server;

beforeAll(async () => {
  const statuses = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`service ${index}`, {}]));
  const rpc = createRpc({
    routes: (router) => router.service(Health, { list: () => ({ statuses }) }),
    mostBytes: () => 10_000,
    contextValues: () => createContextValues(),
  });
  server = createServer((request, response) => {
    rpc.answer(request, response).catch((error) => response.destroy(error));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => server.close());

/** Calls `Health.List` by Connect. */
async function list(headers: Record<string, string>, body: Uint8Array) {
  const { port } = server.address() as AddressInfo;
  const path = "/grpc.health.v1.Health/List";
  const head = { "content-type": "application/json", ...headers };
  const asked = requestOf({ host: "127.0.0.1", port, path, method: "POST", headers: head, agent: false });
  asked.end(body);
  const [response] = await once(asked, "response");
  const content = await buffer(response);
  const encoding: string | undefined = response.headers["content-encoding"];
  return { status: response.statusCode, encoding, text: String(encoding === "gzip" ? gunzipSync(content) : content) };
}

test.each([
  ["GZIP", gzipSync("{}")],
  ["x-gzip", gzipSync("{}")],
  ["deflate", deflateSync("{}")],
  ["deflate", deflateRawSync("{}")],
  ["Identity", Buffer.from("{}")],
])("a message by Connect may be %s", async (encoding, body) => {
  expect(await list({ "content-encoding": encoding }, body)).toMatchObject({ status: 200 });
});

test.each([
  ["gzip", "gzip"],
  ["x-gzip;q=0.5", "gzip"],
  ["GZip", "gzip"],
  ["identity, gzip;q=0.5", undefined],
  ["gzip;q=0", undefined],
])("an answer by Connect to a client that accepts %s has coding %s", async (accept, encoding) => {
  const answer = await list({ "content-encoding": "gzip", "accept-encoding": accept }, gzipSync("{}"));
  expect(answer).toMatchObject({ status: 200, encoding, text: expect.stringContaining("service 99") });
});
