import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, startNode } from "../../../standalone/mod.ts";
import { type Authority, type CertificateFiles, createAuthority } from "../../auth/certificates.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startTestNatsServer, type TestNatsServer } from "../../nats/server.ts";
import { createNatsUser } from "../../nats/user.ts";
import { untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const stack = new AsyncDisposableStack();
let directory: string;
let ours: Authority;
let member: CertificateFiles;
let passwordFile: string;
/** A server that wants a certificate and a password. */
let nats: TestNatsServer;

beforeAll(async () => {
  directory = stack.use(await createTemporaryDirectory()).path;
  ours = await createAuthority(directory, "ours");
  member = await ours.issue("member", { name: "member" });
  const { cert, key } = await ours.issue("nats", { name: "nats" });
  passwordFile = join(directory, "password");
  await writeFile(passwordFile, "horse\n");
  const tls = ["--tls", "--tlscert", cert, "--tlskey", key, "--tlscacert", ours.ca, "--tlsverify"];
  nats = stack.use(await startTestNatsServer([...tls, "--user", "hearth", "--pass", "horse"]));
});

afterAll(() => stack.disposeAsync());

/** Options of a process whose configuration file has that section `nats`. */
async function told(name: string, access: object) {
  const configFile = join(directory, `${name}.json`);
  await writeFile(configFile, JSON.stringify({ nats: access }));
  return { natsUrl: nats.url, listen: "127.0.0.1:0", dataDir: join(directory, name), configFile };
}

test("a gateway and a node connect through a NATS server that requires TLS, a certificate and a password", async () => {
  const access = { tls: { ca: ours.ca, ...member }, user: "hearth", passwordFile };
  await using _node = await startNode(await told("node", access));
  await using gateway = await startGateway(await told("gateway", access));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
});

test.each<[string, () => Promise<object>]>([
  ["no certificate", async () => ({ tls: { ca: ours.ca }, user: "hearth", passwordFile })],
  ["no password", async () => ({ tls: { ca: ours.ca, ...member } })],
  [
    "another authority",
    async () => ({
      tls: { ca: (await createAuthority(directory, "theirs")).ca, ...member },
      user: "hearth",
      passwordFile,
    }),
  ],
])("a gateway with %s does not start, and says that it is NATS", async (_what, access) => {
  await expect(startGateway(await told("stranger", await access()))).rejects.toThrow("Cannot connect to NATS");
});

/** A gateway and a node that show this meet on a NATS server; a gateway that shows something else does not start. */
async function expectKnown(server: TestNatsServer, name: string, access: object, stranger: object): Promise<void> {
  const part = async (what: string, shown: object) => ({
    ...(await told(`${name}-${what}`, shown)),
    natsUrl: server.url,
  });
  await using _node = await startNode(await part("node", access));
  await using gateway = await startGateway(await part("gateway", access));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
  await expect(startGateway(await part("stranger", stranger))).rejects.toThrow("Cannot connect to NATS");
}

test("gateways and nodes authenticate to NATS with a token file", async () => {
  const tokenFile = join(directory, "token");
  const wrongFile = join(directory, "wrong-token");
  await writeFile(tokenFile, "a token that nobody guesses\n");
  await writeFile(wrongFile, "another token\n");
  await using server = await startTestNatsServer(["--auth", "a token that nobody guesses"]);
  await expectKnown(server, "token", { tokenFile }, { tokenFile: wrongFile });
});

test("gateways and nodes authenticate to NATS with a name and a password file", async () => {
  const wrongFile = join(directory, "wrong-password");
  await writeFile(wrongFile, "donkey\n");
  await using server = await startTestNatsServer(["--user", "hearth", "--pass", "horse"]);
  await expectKnown(server, "user", { user: "hearth", passwordFile }, { user: "hearth", passwordFile: wrongFile });
});

test("gateways and nodes authenticate to NATS with a credentials file", async () => {
  const { flags, credentials } = await createNatsUser(directory);
  await using server = await startTestNatsServer(flags);
  await expectKnown(server, "credentials", { credentialsFile: credentials }, {});
});

test("certificates, authority and password for NATS are read again at each connection", async () => {
  const files = await ours.issue("rotating", { name: "member" });
  const server = await ours.issue("rotating-nats", { name: "nats" });
  const ca = join(directory, "rotating-ca.pem");
  const rotatingFile = join(directory, "rotating-password");
  const configFile = join(directory, "rotating.conf");
  const change = async (authority: Authority, password: string): Promise<void> => {
    await authority.issue("rotating", { name: "member" });
    await authority.issue("rotating-nats", { name: "nats" });
    await copyFile(authority.ca, ca);
    await writeFile(rotatingFile, password);
    await writeFile(configFile, `authorization { user: hearth, password: ${password} }`);
  };
  await change(ours, "horse");
  const tls = ["--tls", "--tlscert", server.cert, "--tlskey", server.key, "--tlscacert", ca, "--tlsverify"];
  await using rotating = await startTestNatsServer(["--config", configFile, ...tls]);
  const access = { tls: { ca, ...files }, user: "hearth", passwordFile: rotatingFile };
  const lines: string[] = [];
  const part = async (name: string) => ({
    ...(await told(`rotating-${name}`, access)),
    natsUrl: rotating.url,
    onLine: (line: string) => lines.push(line),
  });
  await using _node = await startNode(await part("node"));
  await using gateway = await startGateway(await part("gateway"));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);

  await rotating.stop();
  await change(await createAuthority(directory, "next"), "donkey");
  await rotating.start();
  for (const back of ["NATS is back", "NATS connection is back"]) {
    await until(back, () => lines.some((line) => line.includes(back)));
  }
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
  expect(lines.filter((line) => line.includes("session closed"))).toEqual([]);
});
