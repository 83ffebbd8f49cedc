import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startChild, startGateway, startNode } from "../../../standalone/mod.ts";
import { createAuthority } from "../../auth/certificates.ts";
import { passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { HAS_IPV6 } from "../../http/ipv6.ts";
import { createRest } from "../../http/rest.ts";
import { freePort, startTestNatsServer } from "../../nats/server.ts";
import { descendantsOf, isAlive, npmStart, npmStartWithUrl, signalAll, startedPids } from "../../system/npm_start.ts";
import { until } from "../../until.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const ECHO = "export const echo = ({ config }) => config;";
const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;

test.runIf(HAS_CURL)(
  "npm start tells three lines of curl that work when pasted, also for an IPv6 address",
  async () => {
    await using directory = await createTemporaryDirectory();
    const lines: string[] = [];
    const spec = npmStart(directory.path, "--listen", HAS_IPV6 ? "[::1]:0" : "127.0.0.1:0");
    await using _child = await startChild({ ...spec, onLine: (line) => lines.push(line) });
    const answers: unknown[] = [];
    for (const command of linesOfCurl(lines)) {
      const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: ROOT });
      answers.push(JSON.parse(stdout));
    }
    expect(answers).toMatchObject([
      { name: "words", version: 1 },
      { name: "demo", state: "RUNNING" },
      { job: { state: "SUCCEEDED", context: "demo" }, result: { a: 2, b: 2, c: 1, see: 1 } },
    ]);
  },
);

function linesOfCurl(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith("  curl "));
}

test.runIf(HAS_CURL)("npm start with auth and TLS prints lines that work, and Ctrl-C ends all processes", async () => {
  await using directory = await createTemporaryDirectory();
  const authority = await createAuthority(directory.path, "ours");
  const config = {
    cluster: { secret: "the secret of all that run here" },
    gateway: {
      tls: await authority.issue("gateway", { name: "gateway" }),
      auth: [{ plugin: "hearth:auth-basic", config: { file: await writeUsers(directory.path, { admin: ["admin"] }) } }],
      roles: { admin: { permissions: ["*"] } },
    },
  };
  const configFile = join(directory.path, "hearth.json");
  await writeFile(configFile, JSON.stringify(config));
  const lines: string[] = [];
  const { args, ...spec } = npmStart(join(directory.path, "data"), "--config", configFile, "--listen", "0.0.0.0:0");
  const asTyped = ["start", "--prefix", ROOT, "--", ...args.slice(1)];
  const child = await startChild({ ...spec, command: "npm", args: asTyped, onLine: (line) => lines.push(line) });
  try {
    expect(lines.filter((line) => line.includes("Hearth runs at"))).toEqual([
      expect.stringMatching(/ https:\/\/localhost:/),
    ]);
    expect(lines.join("\n")).toContain("export HEARTH_USER='name:password'");
    const environment = { ...process.env, HEARTH_USER: `admin:${passwordOf("admin")}` };
    const answers: unknown[] = [];
    for (const command of linesOfCurl(lines)) {
      const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: ROOT, env: environment });
      answers.push(JSON.parse(stdout));
    }
    expect(answers).toMatchObject([{ name: "words" }, { state: "RUNNING" }, { result: { a: 2, b: 2, c: 1, see: 1 } }]);
  } finally {
    // As a terminal does: to npm and all that it runs.
    process.kill(-child.pid, "SIGINT");
  }
  await expect(child.closed).rejects.toThrow();
  const pids = startedPids(lines);
  expect([...pids.keys()]).toEqual(["node-1", "gateway"]);
  for (const [name, pid] of pids) await until(`${name} is gone`, () => !isAlive(pid));
});

test("npm start becomes ready with a quiet log, and treats a doubled Ctrl-C as one", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  const { command, args, ...spec } = npmStart(directory.path);
  const quiet = { command: "env", args: ["LOG_LEVEL=fatal", command, ...args] };
  const child = await startChild({ ...spec, ...quiet, onLine: (line) => lines.push(line) });
  process.kill(child.pid, "SIGINT");
  process.kill(child.pid, "SIGINT");
  await expect(child.closed).rejects.toThrow("npm start exited with code 0");
  expect(lines.filter((line) => / (info|WARN|debug) /.test(line))).toEqual([]);
});

test("npm start finishes a job and ends when all of its processes are signalled", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  const spec = npmStartWithUrl(directory.path, "--nodes", "2");
  const child = await startChild({ ...spec, onLine: (line) => void lines.push(line) });
  const pids = startedPids(lines);
  expect([...pids.keys()].sort()).toEqual(["gateway", "node-1", "node-2"]);
  const rest = createRest(child.ready);
  await rest.upload(
    "nap",
    "export const nap = ({ progress }) => { progress(0.5); return new Promise((wake) => setTimeout(wake, 1500, 7)); };",
  );
  const answer = rest.run({ binary: "nap", entryPoint: "nap", config: {} });
  await until("the job runs", async () => {
    const { body } = await rest.call("GET", "/v1/jobs");
    return (body as { jobs?: { progress?: object }[] }).jobs?.[0]?.progress !== undefined;
  });
  // As systemd does with its default KillMode, to sandboxes too; npm would pass it on once more.
  const all = [child.pid, ...(await descendantsOf(child.pid))];
  signalAll([...all, child.pid], "SIGTERM");
  expect((await answer).result).toBe(7);
  await expect(child.closed).rejects.toThrow("npm start exited with code 0");
  for (const pid of all) await until(`process ${pid} is gone`, () => !isAlive(pid));
});

test("npm start ends all processes when its npm is killed", async () => {
  await using directory = await createTemporaryDirectory();
  const args = ["start", "--prefix", ROOT, "--", ...npmStart(directory.path).args.slice(1)];
  const npm = spawn("npm", args, { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  npm.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await until("it runs", () => output.includes("Ctrl-C"));
  const all = await descendantsOf(npm.pid ?? 0);
  expect(all.length).toBeGreaterThan(4);
  npm.kill("SIGKILL");
  // Nobody reads what it says meanwhile.
  npm.stdout.destroy();
  for (const pid of all) await until(`process ${pid} is gone`, () => !isAlive(pid));
  expect(existsSync(join(directory.path, "hearth.pid"))).toBe(false);
});

test("npm start reports that the port is taken", async () => {
  await using directory = await createTemporaryDirectory();
  await using server = createServer();
  const { promise, resolve: listening } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening);
  await promise;
  const address = server.address();
  const listen = typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
  await expect(startChild(npmStart(directory.path, "--listen", listen))).rejects.toThrow(
    new RegExp(`Cannot listen on "${listen}": another process has the port\\..* --listen .* --data-dir `),
  );
});

test("npm start refuses a data folder in use, says what to do, and does not disturb its owner", async () => {
  await using directory = await createTemporaryDirectory();
  await using first = await startChild(npmStartWithUrl(directory.path));
  const lines: string[] = [];
  const second = startChild({ ...npmStart(directory.path), onLine: (line) => lines.push(line) });
  await expect(second).rejects.toThrow("npm start exited with code 1");
  expect(lines).toEqual([
    `Cannot use the data folder "${directory.path}": process ${first.pid} has it, a Hearth that runs. ` +
      "Stop that one, or start this one beside it: npm start -- --listen 127.0.0.1:8091 --data-dir .hearth-2",
  ]);
  const rest = createRest(first.ready);
  await rest.upload("echo", ECHO);
  expect((await rest.run({ binary: "echo", entryPoint: "echo", config: { n: 1 } })).result).toEqual({ n: 1 });
});

test("npm start ends all processes when it is killed, and restarts at once with its data", async () => {
  await using directory = await createTemporaryDirectory();
  const listen = ["--listen", `127.0.0.1:${await freePort()}`];
  const lines: string[] = [];
  const onLine = (line: string) => void lines.push(line);
  const killed = await startChild({ ...npmStartWithUrl(directory.path, ...listen), onLine });
  await createRest(killed.ready).upload("echo", ECHO);
  process.kill(killed.pid, "SIGKILL");
  await expect(killed.closed).rejects.toThrow("npm start was ended by SIGKILL");

  await using again = await startChild(npmStartWithUrl(directory.path, ...listen));

  const pids = startedPids(lines);
  expect([...pids.keys()]).toEqual(["node-1", "gateway"]);
  for (const [name, pid] of pids) await until(`${name} is gone`, () => !isAlive(pid));
  const rest = createRest(again.ready);
  expect((await rest.run({ binary: "echo", entryPoint: "echo", config: { n: 2 } })).result).toEqual({ n: 2 });
});

test.each([
  ["gateway", startGateway],
  ["context node", startNode],
])("a %s that is stopped as soon as it says that it listens drains first", async (_, startProcess) => {
  await using directory = await createTemporaryDirectory();
  await using nats = await startTestNatsServer();
  const messages: string[] = [];
  const onLine = (line: string) => {
    const { msg, pid } = JSON.parse(line) as { msg: string; pid: number };
    messages.push(msg);
    if (msg === "listening") process.kill(pid, "SIGTERM");
  };
  const child = await startProcess({ natsUrl: nats.url, listen: "127.0.0.1:0", dataDir: directory.path, onLine });
  await expect(child.closed).rejects.toThrow("exited with code 0");
  expect(messages).toContain("draining");
});

test.each(["gateway/main.ts", "context-node/main.ts"])(
  "%s that is asked to end while it waits for NATS, by a signal that comes twice, ends at once and well",
  async (main) => {
    await using directory = await createTemporaryDirectory();
    const nats = `nats://127.0.0.1:${await freePort()}`;
    const options = ["--nats", nats, "--listen", "127.0.0.1:0", "--data-dir", directory.path];
    const child = spawn(process.execPath, [resolve(ROOT, main), ...options], { stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    // What it says first is that NATS is not there.
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  },
);
