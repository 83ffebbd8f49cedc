import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type ChildSpec, startChild, startGateway, startNode } from "../../standalone/mod.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { startTestNatsServer } from "../nats_server.ts";

const ROOT = resolve(import.meta.dirname, "..", "..");
const HAS_CURL = spawnSync("curl", ["--version"]).status === 0;

/** `npm start` on a free port; ready when it tells what to try. */
function start(dataDir: string, ...args: string[]): ChildSpec<true> {
  const main = resolve(ROOT, "standalone", "main.ts");
  return {
    name: "npm start",
    command: process.execPath,
    args: [main, "--listen", "127.0.0.1:0", "--data-dir", dataDir, ...args],
    readyWhen: (line) => (line.startsWith("Ctrl-C") ? true : undefined),
    startTimeoutMs: 60_000,
  };
}

test.runIf(HAS_CURL)("npm start tells three lines of curl that work when pasted", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  await using _child = await startChild({ ...start(directory.path), onLine: (line) => lines.push(line) });
  const answers: unknown[] = [];
  for (const command of lines.filter((line) => line.startsWith("  curl "))) {
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { cwd: ROOT });
    answers.push(JSON.parse(stdout));
  }
  expect(answers).toMatchObject([
    { name: "words", version: 1 },
    { name: "demo", state: "RUNNING" },
    { job: { state: "SUCCEEDED", context: "demo" }, result: { a: 2, b: 2, c: 1, see: 1 } },
  ]);
});

test("npm start ends with everything that it started when it is told to", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  const child = await startChild({ ...start(directory.path, "--nodes", "2"), onLine: (line) => lines.push(line) });
  const pids = startedPids(lines);
  expect([...pids.keys()].sort()).toEqual(["gateway", "node-1", "node-2"]);
  await child[Symbol.asyncDispose]();
  for (const pid of pids.values()) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("npm start ends with a message when one of its processes dies", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  await using child = await startChild({ ...start(directory.path), onLine: (line) => lines.push(line) });
  const pids = startedPids(lines);
  expect([...pids.keys()]).toEqual(["node-1", "gateway"]);
  process.kill(pids.get("node-1") ?? Number.NaN, "SIGKILL");
  await expect(child.closed).rejects.toThrow("npm start exited with code 1");
  expect(lines).toContain("node-1 was ended by SIGKILL");
  expect(() => process.kill(pids.get("gateway") ?? Number.NaN, 0)).toThrow("ESRCH");
});

test("npm start says that the port is taken", async () => {
  await using directory = await createTemporaryDirectory();
  await using server = createServer();
  const { promise, resolve: listening } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening);
  await promise;
  const address = server.address();
  const listen = typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
  await expect(startChild(start(directory.path, "--listen", listen))).rejects.toThrow(
    `Cannot listen on "${listen}": another process has the port.`,
  );
});

/** Process ids by name, as `npm start` logs them. */
function startedPids(lines: readonly string[]): Map<string, number> {
  const started = lines
    .map((line) => /started process=(\S+) processId=(\d+)/.exec(line))
    .filter((match) => match !== null);
  return new Map(started.map(([, name, pid]) => [name ?? "", Number(pid)]));
}

test.each([
  ["gateway", startGateway],
  ["context node", startNode],
])("a %s that is told to end as soon as it says that it listens drains first", async (_, startProcess) => {
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
