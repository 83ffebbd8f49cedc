import { once } from "node:events";
import { createConnection } from "node:net";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextService, EVENT_STREAM, Health, HealthCheckResponse_ServingStatus } from "../proto/mod.ts";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { freePort, startTestNatsServer, type TestNatsServer } from "../test/nats/server.ts";
import { startTestNode } from "../test/node/context_node.ts";
import { until } from "../test/until.ts";
import { parseConfig } from "./config.ts";
import { type Gateway, startGateway } from "./gateway.ts";

const SOON = { timeout: 20_000 };
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

const stack = new AsyncDisposableStack();
let nats: TestNatsServer;
let url: string;
let starting: Promise<Gateway>;
const lines: Record<string, unknown>[] = [];

/** NATS is away at first. The tests go on with one gateway, in their order. */
beforeAll(async () => {
  nats = stack.use(await startTestNatsServer());
  await nats.stop();
  const { path } = stack.use(await createTemporaryDirectory());
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = ["--nats", nats.url, "--listen", `127.0.0.1:${port}`, "--data-dir", join(path, "gateway")];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  starting = startGateway(await parseConfig(args, {}), { log });
  await until("the gateway waits", () => lines.some(({ msg }) => String(msg).startsWith("NATS is not there yet")));
});

afterAll(async () => {
  await (await starting)[Symbol.asyncDispose]();
  await stack.disposeAsync();
});

async function ask(path: string, init: RequestInit = {}) {
  const answer = await fetch(url + path, init);
  return { status: answer.status, text: await answer.text() };
}

const missing = async (): Promise<string[]> =>
  JSON.parse((await ask("/readyz")).text).problems.map(
    ({ part, reason }: Record<string, string>) => `${part}: ${reason}`,
  );

const transport = () => createGrpcTransport({ baseUrl: url });
const health = () => createClient(Health, transport());

test("a gateway that waits for NATS lives, is not ready, and says why", async () => {
  expect(await ask("/healthz")).toEqual({ status: 200, text: '{"status":"SUCCESS"}\n' });
  expect(await missing()).toEqual(["gateway: starting; waiting for NATS"]);
  expect(await ask("/readyz", { method: "HEAD" })).toEqual({ status: 503, text: "" });
  const { status, text } = await ask("/v1/jobs");
  expect([status, text]).toEqual([503, expect.stringContaining("this gateway is starting")]);
  expect((await ask("/jobs")).status).toBe(503);
});

test("a health checker of HTTP/1.0, which names no host, is answered", async () => {
  const socket = createConnection({ host: "127.0.0.1", port: Number(new URL(url).port) });
  socket.write("GET /readyz HTTP/1.0\r\n\r\n");
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  await once(socket, "end");
  expect(text).toMatch(/^HTTP\/1\.1 503 /);
  socket.destroy();
});

test("while it waits, gRPC clients are answered NOT_SERVING and Unavailable", async () => {
  expect(await health().check({})).toMatchObject({ status: NOT_SERVING });
  expect(await health().check({ service: ContextService.typeName })).toMatchObject({ status: NOT_SERVING });
  const refused = await createClient(ContextService, transport())
    .listContexts({})
    .catch((error) => ConnectError.from(error).code);
  expect(refused).toBe(Code.Unavailable);
});

test("a call waits for a node; a health watch follows what becomes of the gateway", async () => {
  const seen: unknown[] = [];
  const leaving = new AbortController();
  const watching = (async () => {
    for await (const { status } of health().watch({}, { signal: leaving.signal })) seen.push(status);
  })().catch(() => {});
  await nats.start();
  await starting;
  expect(await missing()).toEqual(["context nodes: none is connected"]);
  expect(Object.keys((await health().list({})).statuses)).toContain(ContextService.typeName);

  const body = JSON.stringify({ name: "early" });
  const creating = ask("/v1/contexts", { method: "POST", body, headers: { "content-type": "application/json" } });
  stack.use(await startTestNode({ natsUrl: nats.url }));
  expect((await creating).status).toBe(200);
  await expect.poll(missing, SOON).toEqual([]);
  expect((await ask("/readyz")).status).toBe(200);
  await expect.poll(() => seen, SOON).toEqual([NOT_SERVING, SERVING]);
  leaving.abort();
  await watching;
});

test("a watch of a service that is not served says so and goes on", async () => {
  const leaving = new AbortController();
  const watch = health().watch({ service: "no.such.Service" }, { signal: leaving.signal })[Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ status: SERVICE_UNKNOWN });
  const next = watch.next().catch(() => "ended");
  leaving.abort();
  expect(await next).toBe("ended");
});

test("a stream that cannot be made again makes the gateway not ready, as NATS that is away does", async () => {
  const connection = await connect({ servers: nats.url });
  const { streams } = await jetstreamManager(connection);
  // Another stream takes its subjects, when it is faster than the gateway.
  const takeSubjects = async (): Promise<boolean> => {
    await Promise.allSettled([streams.delete(EVENT_STREAM)]);
    const [taken] = await Promise.allSettled([streams.add({ name: "OTHER", subjects: ["hearth.v1.jobs.>"] })]);
    return taken.status === "fulfilled";
  };
  await until("the subjects are taken", takeSubjects);
  await expect.poll(missing, SOON).toEqual(["NATS: not available: stream HEARTH"]);
  await streams.delete("OTHER");
  await expect.poll(missing, SOON).toEqual([]);
  await connection.close();

  await nats.stop();
  await expect.poll(missing, SOON).toContain("NATS: not connected");
  expect((await ask("/healthz")).status).toBe(200);
  await nats.start();
  await expect.poll(missing, SOON).toEqual([]);
});

test("a gateway that drains is not ready, and ends with its calls", async () => {
  const gateway = await starting;
  const draining = gateway.drain();
  const [answer] = await Promise.allSettled([ask("/readyz")]);
  if (answer.status === "fulfilled") expect(answer.value.status).toBe(503);
  await draining;
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});
