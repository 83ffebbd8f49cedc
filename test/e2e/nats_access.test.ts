import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startGateway, startNode } from "../../standalone/mod.ts";
import { type Authority, type CertificateFiles, createAuthority } from "../certificates.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { untilNodesAreReady } from "../harness.ts";
import { startTestNatsServer, type TestNatsServer } from "../nats_server.ts";
import { createNatsUser } from "../nats_user.ts";

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

test("a gateway and a node meet on a NATS that asks for TLS, a certificate and a password", async () => {
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

test("a gateway is known to NATS by a credentials file", async () => {
  const { flags, credentials } = await createNatsUser(directory);
  await using server = await startTestNatsServer(flags);
  const part = await told("credentials", { credentialsFile: credentials });
  await using gateway = await startGateway({ ...part, natsUrl: server.url });
  await untilNodesAreReady(`http://${gateway.ready}`, 0);

  const stranger = { ...(await told("nobody", {})), natsUrl: server.url };
  await expect(startGateway(stranger)).rejects.toThrow("Cannot connect to NATS");
});
