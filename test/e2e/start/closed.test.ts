import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Child, startChild, startNatsServer, startNode } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest } from "../../http/rest.ts";
import { startTestNatsServer } from "../../nats/server.ts";
import { findPython, NATS } from "../../plugins/python.ts";
import { log } from "../../silent_log.ts";
import { openPage } from "../../system/documents.ts";
import { untilNodesAreReady } from "../../system/hearth.ts";
import { npmStart, npmStartWithUrl, startedPids } from "../../system/npm_start.ts";
import { until } from "../../until.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** Programs that leave files of each kind: small and large results, data files, results on their way, and errors with a stack. */
const JOBS = `
export const echo = ({ config }) => config;
export const large = () => "x".repeat(3_000_000);
export const lines = async function* () { for (let n = 0; n < 1000; n++) yield { n, text: "y".repeat(1000) }; };
export const read = async ({ data }) => (await data.text("notes")).length;
export const fail = () => { throw new Error("no"); };`;

const stack = new AsyncDisposableStack();
const lines: string[] = [];
let dataDir: string;
let child: Child<string>;

beforeAll(async () => {
  dataDir = join(stack.use(await createTemporaryDirectory()).path, "data");
  child = stack.use(await startChild({ ...npmStartWithUrl(dataDir), onLine: (line) => void lines.push(line) }));
  await createRest(child.ready).upload("jobs", JOBS);
});

afterAll(() => stack.disposeAsync());

function credential(name: string): Promise<string> {
  return readFile(join(dataDir, "credentials", name), "utf8").then((text) => text.trim());
}

/** Files and folders below a folder that group or others may do something with. */
async function openTo(folder: string): Promise<string[]> {
  // Temporary files and folders go while we look.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const open: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (found && (found.mode & 0o077) !== 0) open.push(`${(found.mode & 0o777).toString(8)} ${path}`);
    if (entry.isDirectory()) open.push(...(await openTo(path)));
  }
  return open;
}

test("the NATS server of npm start refuses connections without credentials", async () => {
  const servers = new URL(await credential("nats.url")).host;
  await expect(connect({ servers, maxReconnectAttempts: 0 })).rejects.toThrow("Authorization Violation");
});

test("npm start prints the NATS address without a user, and no secret is printed or on a command line", async () => {
  const output = lines.join("\n");
  const [address] = /nats:\/\/[0-9.:]*/.exec(output) ?? [];
  expect(address).toBe(await credential("nats.url"));
  const pids = [...startedPids(lines).values()];
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8")));
  const environments = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/environ`, "utf8")));
  for (const name of ["cluster.secret", "gateway.password", "node.password", "subscriber.password"]) {
    const secret = await credential(name);
    expect(secret.length).toBeGreaterThanOrEqual(43);
    for (const text of [output, ...commands, ...environments]) expect(text).not.toContain(secret);
  }
});

test("the line for subscribers names a file with the URL of a user that can only read events", async () => {
  const [, file = ""] =
    lines.map((line) => /^ {2}NATS_URL="\$\(cat (\S+)\)" nats sub 'hearth/.exec(line)).find(Boolean) ?? [];
  const { host, username, password } = new URL(await readFile(file, "utf8"));
  const subscriber = await connect({ servers: host, user: username, pass: password });
  await using _closing = { [Symbol.asyncDispose]: () => subscriber.close() };
  const subjects: string[] = [];
  subscriber.subscribe("hearth.v1.jobs.>", { callback: (_, { subject }) => void subjects.push(subject) });
  await subscriber.flush();
  const { job } = await createRest(child.ready).run({ binary: "jobs", entryPoint: "echo", config: {} });
  await until("its end has come", () => subjects.includes(`hearth.v1.jobs.${job.id}.succeeded`));

  const refused = Promise.withResolvers<string>();
  const watch = async (): Promise<void> => {
    for await (const status of subscriber.status()) if (status.type === "error") refused.resolve(status.error.message);
  };
  const watched = watch();
  subscriber.publish(`hearth.v1.jobs.${job.id}.failed`, "{}");
  expect(await refused.promise).toContain("Permissions Violation for Publish");
  await subscriber.close();
  await watched;
});

/** A line for the shell in docs/nats.md, for the system of this test. */
async function lineOf(command: string): Promise<string> {
  const page = await readFile(join(ROOT, "docs/nats.md"), "utf8");
  const line = page.split("\n").find((each) => each.includes(command) && /^(node|NATS_URL)/.test(each)) ?? "";
  return line.replaceAll(".hearth/", `${dataDir}/`).replace("127.0.0.1:8091", "127.0.0.1:0");
}

/** Runs a line; `ready` is the address on which what it starts listens. */
async function run(command: string): Promise<Child<string>> {
  const readyWhen = (line: string) => /"address":"([^"]+)".*"msg":"listening"/.exec(line)?.[1];
  const script = `cd ${ROOT}; export PATH="${dirname(process.execPath)}:$PATH"; exec ${await lineOf(command)}`;
  return startChild({ name: command, command: "bash", args: ["-c", script], readyWhen });
}

test("the example subscriber reads from the durable consumer of npm start", async () => {
  const { job } = await createRest(child.ready).run({ binary: "jobs", entryPoint: "echo", config: { n: 7 } });
  const line = await lineOf("node examples/clients/nats/job_events.ts");
  await using _client = await startChild({
    name: "job_events",
    command: "bash",
    args: ["-c", `cd ${ROOT}; export PATH="${dirname(process.execPath)}:$PATH"; ${line}`],
    readyWhen: (line) => line.includes(` hearth.v1.job.succeeded ${job.id}/1/`) || undefined,
  });
});

const { python, missing } = findPython(join(ROOT, "examples/clients/nats/requirements.txt"), NATS);

test.for([
  { language: "js", file: "ends.mjs", command: process.execPath },
  { language: "python", file: "events.py", command: python, missing },
])("the program in $language in docs/events.md prints the end of a job", async (program, { skip }) => {
  skip(program.missing !== undefined, program.missing);
  const { language, file, command } = program;
  await using page = await openPage("docs/events.md");
  await writeFile(join(page.folder, file), page.blocks(language)[0] ?? "");
  const { job } = await createRest(child.ready).run({ binary: "jobs", entryPoint: "echo", config: { n: language } });
  const isItsEnd = (line: string): boolean => line.includes(job.id) && line.includes(language);
  await using _client = await startChild({
    ...{ name: file, command, args: [join(page.folder, file)], env: { NATS_URL: await credential("subscriber.url") } },
    readyWhen: (line) => isItsEnd(line) || undefined,
  });
});

test("a gateway and a node join with the lines in docs/nats.md", async () => {
  await using _node = await run("node context-node/main.ts");
  await untilNodesAreReady(child.ready, 2);
  await using gateway = await run("node gateway/main.ts");
  await untilNodesAreReady(`http://${gateway.ready}`, 2);
});

test("a node with the NATS password but without the cluster's secret gets no commands", async () => {
  const seen: string[] = [];
  await using _node = await startNode({
    ...{ natsUrl: await credential("nats.url"), listen: "127.0.0.1:0", dataDir: join(dataDir, "stranger") },
    natsUser: { name: "node", passwordFile: join(dataDir, "credentials", "node.password") },
    onLine: (line) => void seen.push(line),
  });
  await until("the gateway has ignored it", () => lines.some((line) => line.includes("reason=it is not signed")));
  expect(seen.filter((line) => line.includes("session opened"))).toEqual([]);
});

test("no file in the data folder is accessible to other users", async () => {
  const rest = createRest(child.ready);
  await rest.call("PUT", "/v1/data/notes", "some notes");
  for (const entryPoint of ["echo", "large", "lines", "read", "fail"]) {
    await rest.run({ binary: "jobs", entryPoint, config: { text: "z".repeat(200_000) } });
    expect(await openTo(dataDir)).toEqual([]);
  }
  for (const kind of [
    "gateway/hearth.sqlite",
    "gateway/blobs/sha256",
    "node-1/blobs",
    "node-1/runs",
    "nats/jetstream",
  ]) {
    expect((await stat(join(dataDir, kind))).mode & 0o077).toBe(0);
  }
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
});

test("npm start keeps its secrets across restarts, and restricts existing data folders", async () => {
  await using directory = await createTemporaryDirectory();
  const folder = join(directory.path, "data");
  const secrets = ["cluster.secret", "gateway.password", "node.password", "subscriber.password"];
  const read = () => Promise.all(secrets.map((name) => readFile(join(folder, "credentials", name), "utf8")));
  const first = await startChild(npmStart(folder));
  const before = await read();
  expect(new Set(before).size).toBe(secrets.length);
  await first[Symbol.asyncDispose]();

  for (const path of ["", "node-1", "gateway"]) await chmod(join(folder, path), 0o755);
  await chmod(join(folder, "credentials", "node.password"), 0o644);
  const seen: string[] = [];
  await using _second = await startChild({ ...npmStart(folder), onLine: (line) => void seen.push(line) });
  expect(await read()).toEqual(before);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await openTo(folder)).toEqual([]);
  const closed = seen.filter((line) => line.includes("other users could use the data folder; from now on they cannot"));
  expect(closed.map((line) => / path=(\S+)/.exec(line)?.[1])).toEqual(
    expect.arrayContaining(["", "node-1", "gateway"].map((path) => join(folder, path))),
  );
});

test("npm start keeps the streams of a NATS store from before it had users", async () => {
  await using directory = await createTemporaryDirectory();
  const folder = join(directory.path, "data");
  await mkdir(folder);
  {
    await using open = await startNatsServer({
      storeDir: join(folder, "nats"),
      port: 0,
      log,
    });
    const nats = await connect({ servers: open.url });
    const { streams } = await jetstreamManager(nats);
    await streams.add({ name: "HEARTH", subjects: ["hearth.v1.jobs.>", "hearth.v1.contexts.>"] });
    await jetstream(nats).publish("hearth.v1.jobs.old.running", "{}");
    await nats.close();
  }
  await using _child = await startChild(npmStart(folder));
  const password = await readFile(join(folder, "credentials", "gateway.password"), "utf8");
  const { host } = new URL(await readFile(join(folder, "credentials", "nats.url"), "utf8"));
  const options = { user: "gateway", pass: password.trim(), inboxPrefix: "_INBOX_gateway" };
  const nats = await connect({ servers: host, ...options });
  const { streams } = await jetstreamManager(nats);
  expect((await streams.getMessage("HEARTH", { last_by_subj: "hearth.v1.jobs.old.running" }))?.string()).toBe("{}");
  await nats.close();
});

test("npm start uses the operator's NATS server and cluster secret unchanged", async () => {
  await using directory = await createTemporaryDirectory();
  await using nats = await startTestNatsServer(["--user", "hearth", "--pass", "horse"]);
  const passwordFile = join(directory.path, "password");
  await writeFile(passwordFile, "horse");
  const configFile = join(directory.path, "hearth.json");
  const secret = "a secret of the operator";
  await writeFile(
    configFile,
    JSON.stringify({ nats: { url: nats.url, user: "hearth", passwordFile }, cluster: { secret } }),
  );
  const seen: string[] = [];
  const folder = join(directory.path, "data");
  const spec = npmStartWithUrl(folder, "--config", configFile);
  await using hearth = await startChild({ ...spec, onLine: (line) => void seen.push(line) });
  await untilNodesAreReady(hearth.ready, 1);
  expect(seen.join("\n")).toContain(`on NATS at ${nats.url}, `);
  expect(seen.join("\n")).not.toContain("subscriber.url");
  const command = await readFile(`/proc/${startedPids(seen).get("gateway")}/cmdline`, "utf8");
  expect(command).toContain(nats.url);
  expect(command).not.toContain("--nats-user");
  expect(command).not.toContain("--cluster-secret-file");
});
