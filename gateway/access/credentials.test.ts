import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createSecureServer } from "node:http2";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { credentialsOf, splitAlternativeNames } from "./credentials.ts";

const HAS_OPENSSL = spawnSync("openssl", ["version"]).status === 0;
const SUBJECT = "/O=Acme, Inc/CN=ci";
const NAMES = "subjectAltName=DNS:localhost,URI:spiffe://acme/ci";

test.each([
  ["", []],
  ["DNS:a.example.com", ["DNS:a.example.com"]],
  ["DNS:a, URI:spiffe://acme/ci, IP Address:127.0.0.1", ["DNS:a", "URI:spiffe://acme/ci", "IP Address:127.0.0.1"]],
  ['DNS:"a, DNS:b", email:c@d', ["DNS:a, DNS:b", "email:c@d"]],
  ['URI:"x\\", DNS:admin", DNS:b', ['URI:x", DNS:admin', "DNS:b"]],
])("splitAlternativeNames(%j)", (names, expected) => {
  expect(splitAlternativeNames(names)).toEqual(expected);
});

/** A server that returns the credentials of each request, with a certificate of its authority and one of an unknown authority. */
async function startServer() {
  await using starting = new AsyncDisposableStack();
  const { path } = starting.use(await createTemporaryDirectory());
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: path, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await writeFile(join(path, "names"), NAMES);
  for (const ca of ["ca", "other"]) {
    openssl("req", "-x509", ...newKey, "-keyout", `${ca}.key`, "-out", `${ca}.pem`, "-subj", `/CN=${ca}`);
    openssl("req", ...newKey, "-keyout", `${ca}-leaf.key`, "-out", `${ca}-leaf.csr`, "-subj", SUBJECT);
    const issuer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial"];
    openssl("x509", "-req", "-in", `${ca}-leaf.csr`, ...issuer, "-out", `${ca}-leaf.pem`, "-extfile", "names");
  }
  const read = (file: string) => readFile(join(path, file));
  const pairOf = async (ca: string) => ({ key: await read(`${ca}-leaf.key`), cert: await read(`${ca}-leaf.pem`) });
  const ca = await read("ca.pem");
  const [good, forged] = [await pairOf("ca"), await pairOf("other")];
  const options = { ...good, ca, requestCert: true, rejectUnauthorized: false, allowHTTP1: true };
  const server = createSecureServer(options, (incoming, response) => {
    const { headers, ...credentials } = credentialsOf(incoming);
    response.end(JSON.stringify({ ...credentials, header: headers.get("x-header") }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  starting.defer(() => new Promise((resolve) => server.close(() => resolve())));
  const fingerprint = openssl("x509", "-in", "ca-leaf.pem", "-noout", "-fingerprint", "-sha256").toString();
  const stack = starting.move();
  return {
    port: (server.address() as AddressInfo).port,
    client: { ca, good, forged },
    fingerprint: fingerprint.split("=")[1]?.trim().replaceAll(":", "").toLowerCase(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test.runIf(HAS_OPENSSL)(
  "credentialsOf() returns a certificate with a verified chain, on HTTP/1.1 and HTTP/2",
  async () => {
    await using server = await startServer();
    const { ca, good, forged } = server.client;
    const headers = { "x-header": "1" };
    const tls = { ca, servername: "localhost", host: "127.0.0.1", port: server.port };
    const ask1 = async (pair: object) => {
      const sent = request({ ...tls, ...pair, headers, agent: false }).end();
      const [response] = await once(sent, "response");
      return JSON.parse(await text(response));
    };
    const ask2 = async (pair: object) => {
      const session = connect(`https://127.0.0.1:${server.port}`, { ...tls, ...pair });
      const answer = JSON.parse(await text(session.request(headers)));
      session.close();
      return answer;
    };
    const certificate = {
      subject: "O=Acme\\, Inc,CN=ci",
      alternativeNames: ["DNS:localhost", "URI:spiffe://acme/ci"],
      fingerprint: server.fingerprint,
    };
    for (const ask of [ask1, ask2]) {
      expect(await ask(good)).toEqual({ peer: "127.0.0.1", header: "1", certificate });
      expect(await ask(forged)).toEqual({ peer: "127.0.0.1", header: "1" });
      expect(await ask({})).toEqual({ peer: "127.0.0.1", header: "1" });
    }
  },
);
