import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { type Child, startChild } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest } from "../../http/rest.ts";
import { isAlive, npmStart, npmStartWithUrl, startedPids } from "../../system/npm_start.ts";
import { until } from "../../until.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const ECHO = "export const echo = ({ config }) => config;";

/** `npm start` that logs each process that it starts. */
async function startVerbosely(dataDir: string): Promise<{ child: Child<string>; lines: string[] }> {
  const lines: string[] = [];
  const { command, args, ...spec } = npmStartWithUrl(dataDir);
  const verbose = { command: "env", args: ["LOG_LEVEL=debug", command, ...args] };
  const child = await startChild({ ...spec, ...verbose, onLine: (line) => void lines.push(line) });
  return { child, lines };
}

async function kill(lines: readonly string[], name: string): Promise<number> {
  const pid = startedPids(lines).get(name) ?? Number.NaN;
  process.kill(pid, "SIGKILL");
  await until(`${name} is gone`, () => !isAlive(pid));
  return pid;
}

test.each([
  ["node-1", "node-1 was ended by SIGKILL"],
  ["gateway", "gateway was ended by SIGKILL"],
  ["nats-server", "nats-server was ended by SIGKILL"],
])("npm start starts %s again when it dies, and goes on where it was", async (name, reason) => {
  await using directory = await createTemporaryDirectory();
  const { child, lines } = await startVerbosely(directory.path);
  await using _child = child;
  const rest = createRest(child.ready);
  await rest.upload("echo", ECHO);
  const natsUrl = await readFile(join(directory.path, "credentials", "nats.url"), "utf8");

  const died = await kill(lines, name);
  await until(`${name} is started again`, () => startedPids(lines).get(name) !== died);
  expect(lines).toContainEqual(
    expect.stringContaining(`a part died and will be restarted process=${name} reason=${reason} restartMs=500`),
  );
  const runs = async (): Promise<boolean> => {
    const [ran] = await Promise.allSettled([rest.run({ binary: "echo", entryPoint: "echo", config: { after: name } })]);
    return ran.status === "fulfilled" && JSON.stringify(ran.value.result) === JSON.stringify({ after: name });
  };
  // Several processes start meanwhile, and find each other.
  await until("a job runs", runs, { deadlineMs: 90_000 });
  expect([...startedPids(lines).keys()].sort()).toEqual(["gateway", "nats-server", "node-1"]);
  expect(await readFile(join(directory.path, "credentials", "nats.url"), "utf8")).toBe(natsUrl);
});

test("npm start ends all processes at once on Ctrl-C while a part waits for its restart", async () => {
  await using directory = await createTemporaryDirectory();
  const { child, lines } = await startVerbosely(directory.path);
  await kill(lines, "gateway");
  await until("it waits", () => lines.some((line) => line.includes("a part died")));
  process.kill(child.pid, "SIGINT");
  await expect(child.closed).rejects.toThrow("npm start exited with code 0");
  expect(lines.filter((line) => / info +restarted /.test(line))).toEqual([]);
  for (const pid of startedPids(lines).values()) expect(isAlive(pid)).toBe(false);
});

test("SIGTERM to npm ends all processes of npm start", async () => {
  await using directory = await createTemporaryDirectory();
  const lines: string[] = [];
  const { args, ...spec } = npmStart(directory.path);
  const asTyped = ["start", "--prefix", ROOT, "--", ...args.slice(1)];
  const npm = await startChild({ ...spec, command: "npm", args: asTyped, onLine: (line) => void lines.push(line) });
  const pids = startedPids(lines);
  expect([...pids.keys()]).toEqual(["node-1", "gateway"]);
  process.kill(npm.pid, "SIGTERM");
  for (const [name, pid] of pids) await until(`${name} is gone`, () => !isAlive(pid));
  await expect(npm.closed).rejects.toThrow();
});
