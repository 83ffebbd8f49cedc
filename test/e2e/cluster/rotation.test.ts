import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { credentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cluster, claimSession, LOOPBACK_CLUSTER, type Secrets } from "../../../cluster/mod.ts";
import { type CertificateFiles, createAuthority } from "../../auth/certificates.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { startTestNode } from "../../node/context_node.ts";
import { GatewaySession } from "../../node/gateway_session.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

let stack: AsyncDisposableStack;
let directory: string;
/** What the processes of the running system have logged. */
let lines: string[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = stack.use(await createTemporaryDirectory()).path;
  lines = [];
});

afterEach(() => stack.disposeAsync());

async function start(cluster: object): Promise<Hearth> {
  return stack.use(await startHearth({ config: { cluster }, onLine: (line) => lines.push(line) }));
}

/** Changes files, and resolves when both the gateway and the node have told what became of it. */
async function change(write: () => Promise<unknown>, outcome: string): Promise<void> {
  const before = lines.length;
  await write();
  await until(`both tell "${outcome}"`, () => {
    const told = lines.slice(before).filter((line) => line.includes(outcome));
    return new Set(told.map((line) => (JSON.parse(line) as { pid: number }).pid)).size === 2;
  });
}

/** Starts a node of this process, and answers whether the gateway opens a session with it. */
async function isTaken(hearth: Hearth, cluster: Cluster): Promise<boolean> {
  await using node = await startTestNode({ natsUrl: hearth.natsUrl, cluster });
  const { id, address } = node.node;
  const outcomes = ["session opened", "could not open a session", "signed with another secret"];
  let outcome: string | undefined;
  await until(`the gateway has met node ${id}`, () => {
    const told = lines.filter((line) => line.includes(id) || line.includes(address));
    outcome = outcomes.find((text) => told.some((line) => line.includes(text)));
    return outcome !== undefined;
  });
  return outcome === "session opened";
}

async function nodeOf({ url }: Hearth): Promise<{ readonly id: string; readonly address: string }> {
  const { nodes } = (await (await fetch(`${url}/v1/nodes`)).json()) as { nodes: { id: string; address: string }[] };
  return { id: nodes[0]?.id ?? "", address: nodes[0]?.address.replace("127.0.0.1", "localhost") ?? "" };
}

/** The session of the beginning is still that of now. */
async function expectNothingDropped(hearth: Hearth): Promise<void> {
  await untilNodesAreReady(hearth.url, 1);
  const { id } = await nodeOf(hearth);
  expect(lines.filter((line) => line.includes("session closed") && line.includes(id))).toEqual([]);
}

test("certificates and their authority are rotated in a running system without dropping sessions or jobs", async () => {
  const first = await createAuthority(directory, "first");
  const second = await createAuthority(directory, "second");
  const ca = join(directory, "ca.pem");
  const texts = [readFileSync(first.ca, "utf8"), readFileSync(second.ca, "utf8")];
  await writeFile(ca, texts[0] ?? "");
  const files = await first.issue("member", { name: "member" });
  const old = await first.issue("old", { name: "member" });
  const hearth = await start({ tls: { ...files, ca } });
  const { address } = await nodeOf(hearth);

  await change(() => writeFile(ca, texts.join("\n")), "the changed cluster.tls is in use");
  await change(() => second.issue("member", { name: "member" }), "the changed cluster.tls is in use");
  await change(() => writeFile(ca, texts[1] ?? ""), "the changed cluster.tls is in use");

  const current = await second.issue("current", { name: "member" });
  expect(await isTaken(hearth, { ...LOOPBACK_CLUSTER, tls: { ...current, ca: second.ca } })).toBe(true);
  expect(await isTaken(hearth, { ...LOOPBACK_CLUSTER, tls: { ...old, ca: first.ca } })).toBe(false);
  await using welcome = new GatewaySession(address, { credentials: showing(second.ca, current) });
  await welcome.welcome();
  await using late = new GatewaySession(address, { credentials: showing(second.ca, old) });
  expect(await late.closed).toMatchObject({ code: status.UNAVAILABLE });
  await expectNothingDropped(hearth);
});

test("an unusable new certificate is logged, and the old one stays in use", async () => {
  const ours = await createAuthority(directory, "ours");
  const files = { ...(await ours.issue("member", { name: "member" })), ca: ours.ca };
  const good = await ours.issue("good", { name: "member" });
  const hearth = await start({ tls: files });
  await change(() => writeFile(files.key, "no key"), "the changed cluster.tls cannot be used; the one before stays");
  expect(await isTaken(hearth, { ...LOOPBACK_CLUSTER, tls: { ...good, ca: ours.ca } })).toBe(true);
  await using session = new GatewaySession((await nodeOf(hearth)).address, { credentials: showing(ours.ca, good) });
  await session.welcome();
  await expectNothingDropped(hearth);
});

test("the cluster secret is rotated in a running system without dropping sessions or jobs", async () => {
  const [old, next] = ["the secret that all have had until now", "the secret that all are going to have"];
  const [oldKey, nextKey] = [createSecretKey(old, "utf8"), createSecretKey(next, "utf8")];
  const knows = (...secret: Secrets): Cluster => ({ ...LOOPBACK_CLUSTER, secret });
  const secretFile = join(directory, "secret");
  await writeFile(secretFile, `${old}\n`);
  const hearth = await start({ secretFile });
  expect(await isTaken(hearth, knows(nextKey))).toBe(false);

  const inUse = "the changed cluster.secretFile is in use";
  await change(() => writeFile(secretFile, `${old}\n${next}\n`), inUse);
  expect(await isTaken(hearth, knows(oldKey))).toBe(true);
  expect(await isTaken(hearth, knows(nextKey, oldKey))).toBe(true);
  await change(() => writeFile(secretFile, `${next}\n${old}\n`), inUse);
  expect(await isTaken(hearth, knows(oldKey, nextKey))).toBe(true);
  expect(await isTaken(hearth, knows(nextKey))).toBe(true);
  await change(() => writeFile(secretFile, "short"), "the changed cluster.secretFile cannot be used");
  await change(() => writeFile(secretFile, `${next}\n`), inUse);
  expect(await isTaken(hearth, knows(nextKey))).toBe(true);
  const { id, address } = await nodeOf(hearth);
  const { proof } = claimSession({ current: [oldKey] }, id);
  await using late = new GatewaySession(address, { proof });
  expect(await late.closed).toMatchObject({ code: status.UNAUTHENTICATED });
  await expectNothingDropped(hearth);
});

function showing(ca: string, { cert, key }: CertificateFiles) {
  return credentials.createSsl(readFileSync(ca), readFileSync(key), readFileSync(cert));
}
