import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { connect, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NodeService } from "../../../proto/mod.ts";
import { type Authority, type CertificateFiles, createAuthority } from "../../auth/certificates.ts";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const stack = new AsyncDisposableStack();
const lines: string[] = [];
let hearth: Hearth;
/** Of the gateway's certificate. */
let servers: Authority;
/** Of the certificates that it takes. */
let clients: Authority;
let directory: string;

beforeAll(async () => {
  directory = stack.use(await createTemporaryDirectory()).path;
  servers = await createAuthority(directory, "servers");
  clients = await createAuthority(directory, "clients");
  setDefaultCACertificates([readFileSync(servers.ca, "utf8")]);
  const tls = { ...(await servers.issue("gateway", { name: "first" })), clientCa: clients.ca };
  const certificates = [{ subject: "O=Acme,CN=*", roles: ["viewer"] }];
  const auth = [
    { plugin: "hearth:auth-basic", config: { file: await writeUsers(directory, { admin: ["admin"] }) } },
    { plugin: "hearth:auth-mtls", config: { certificates } },
  ];
  const roles = { admin: { permissions: ["*"] }, viewer: { permissions: ["nodes:read"] } };
  hearth = stack.use(
    await startHearth({
      config: { gateway: { tls, auth, roles } },
      headers: basicProof("admin", passwordOf("admin")),
      onLine: (line) => lines.push(line),
    }),
  );
});

afterAll(() => stack.disposeAsync());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly httpVersion?: string;
}

/** What a client shows: its certificate, and the TLS session that it goes on with. */
interface Shown {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly session?: Buffer | undefined;
}

function read({ cert, key }: CertificateFiles): Shown {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

async function getByHttp1(path: string, shown: Shown = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(`${hearth.url}${path}`, { ...shown, agent: false }, async (response) => {
    const { statusCode: status, httpVersion } = response;
    resolve({ status, httpVersion, body: await text(response) });
  });
  asked.on("error", reject).end();
  return promise;
}

async function getByHttp2(path: string, shown: Shown = {}): Promise<Answer> {
  const session = connectHttp2(hearth.url, shown);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  session.on("error", reject);
  const stream = session.request({ ":path": path });
  const { promise: status, resolve } = Promise.withResolvers<number | undefined>();
  stream.on("response", (head) => resolve(head[":status"]));
  try {
    return await Promise.race([
      failed,
      Promise.all([status, text(stream)]).then(([status, body]) => ({ status, body })),
    ]);
  } finally {
    session.close();
  }
}

/** Opens a connection of TLS alone. */
async function handshake(shown: Shown = {}): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(hearth.url);
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({ ...shown, host, port: Number(port) }, () => resolve(socket));
  socket.on("error", reject);
  return promise;
}

/** The common name of the certificate that new connections are shown. */
async function shownName(): Promise<unknown> {
  const socket = await handshake();
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

test("one port serves HTTP/1.1 and HTTP/2 over TLS", async () => {
  expect(await getByHttp1("/healthz")).toMatchObject({ status: 200, httpVersion: "1.1" });
  expect(await getByHttp2("/healthz")).toMatchObject({ status: 200 });
  const socket = connect({
    port: Number(new URL(hearth.url).port),
    host: "127.0.0.1",
    ALPNProtocols: ["h2", "http/1.1"],
  });
  await until("a handshake", async () => socket.alpnProtocol === "h2");
  socket.destroy();
});

test("plain HTTP on a TLS port gets no response and does not disturb other clients", async () => {
  await expect(fetch(`${hearth.url.replace("https", "http")}/healthz`)).rejects.toThrow();
  expect(await getByHttp1("/healthz")).toMatchObject({ status: 200 });
});

test("a client certificate names the principal, over HTTP/1.1, HTTP/2 and gRPC", async () => {
  const shown = read(await clients.issue("ci", { name: "ci" }));
  for (const get of [getByHttp1, getByHttp2]) {
    expect(await get("/v1/nodes", shown)).toMatchObject({ status: 200 });
    expect(await get("/v1/contexts", shown)).toMatchObject({ status: 403, body: expect.stringContaining("ci") });
  }
  const transport = createGrpcTransport({ baseUrl: hearth.url, nodeOptions: shown });
  expect((await createClient(NodeService, transport).listNodes({})).nodes).toHaveLength(1);
});

test("callers without a certificate are unauthenticated", async () => {
  for (const get of [getByHttp1, getByHttp2]) expect(await get("/v1/nodes")).toMatchObject({ status: 401 });
});

test.each<[string, () => Promise<CertificateFiles>]>([
  ["of another authority", () => servers.issue("wrong", { name: "ci" })],
  ["that has expired", () => clients.issue("late", { name: "ci", notAfter: new Date(Date.now() - 60_000) })],
])("callers with a certificate %s are nobody, also when they come again", async (_what, issue) => {
  const shown = read(await issue());
  for (const get of [getByHttp1, getByHttp2]) expect(await get("/v1/nodes", shown)).toMatchObject({ status: 401 });

  const first = await handshake(shown);
  const ticket = Promise.withResolvers<Buffer>();
  first.on("session", ticket.resolve);
  first.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  const session = await ticket.promise;
  first.destroy();
  expect(await getByHttp1("/v1/nodes", { ...shown, session })).toMatchObject({ status: 401 });
  expect(await getByHttp1("/v1/nodes", { session })).toMatchObject({ status: 401 });
});

test("a caller is unauthenticated after its certificate expires on an open connection", async () => {
  const shown = read(await clients.issue("brief", { name: "ci", notAfter: new Date(Date.now() + 10_000) }));
  const session = connectHttp2(hearth.url, shown);
  const statusOf = async () => {
    const stream = session.request({ ":path": "/v1/nodes" });
    const [head] = await once(stream, "response");
    stream.resume();
    return head[":status"];
  };
  expect(await statusOf()).toBe(200);
  await until("the certificate has ended", async () => (await statusOf()) === 401);
  session.close();
});

test("a changed certificate is used without a restart, and a broken one is not", async () => {
  expect(await shownName()).toBe("first");
  const stays = await handshake();
  const { cert, key } = await servers.issue("gateway", { name: "second" });
  await until("the second certificate", async () => (await shownName()) === "second");

  await writeFile(key, "no key");
  await until("the refusal", async () =>
    lines.some((line) => line.includes("the one before stays") && line.includes("err")),
  );
  expect(await shownName()).toBe("second");
  expect(await getByHttp1("/healthz")).toMatchObject({ status: 200 });

  const third = await servers.issue("gateway", { name: "third" });
  expect(third).toEqual({ cert, key });
  await until("the third certificate", async () => (await shownName()) === "third");

  stays.write("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  expect(await text(stays)).toContain("200 OK");
});
