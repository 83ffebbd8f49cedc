import { join } from "node:path";
import { expect, test } from "vitest";
import { until } from "../../test/until.ts";
import { type Child, type ChildSpec, startChild } from "./child.ts";

/** A process that runs a line of JavaScript. */
function script(code: string, options: Partial<ChildSpec<true>> = {}): ChildSpec<true> {
  const readyWhen = (line: string) => (line === "ready" ? true : undefined);
  return { name: "script", command: process.execPath, args: ["-e", code], readyWhen, ...options };
}

const STAYS = 'console.log("ready"); setInterval(() => {}, 1000);';

test("startChild() resolves when the process is ready, and disposing ends it", async () => {
  const child = await startChild(script(STAYS));
  expect(() => process.kill(child.pid, 0)).not.toThrow();
  await child[Symbol.asyncDispose]();
  await child.closed;
  expect(() => process.kill(child.pid, 0)).toThrow("ESRCH");
});

test("startChild() rejects with the last output of a process that ends before it is ready", async () => {
  const spec = script('console.error("no such thing"); process.exit(3)');
  await expect(startChild(spec)).rejects.toThrow("script exited with code 3\n  no such thing");
});

test("startChild() rejects for a command that does not exist", async () => {
  const spec = script("", { command: "/no/such/command" });
  await expect(startChild(spec)).rejects.toThrow("script could not be started");
});

test("startChild() rejects when a process is not ready in time", async () => {
  const spec = script("setInterval(() => {}, 1000)", { startTimeoutMs: 200 });
  await expect(startChild(spec)).rejects.toThrow("script was not ready in 200 ms");
});

test("startChild() ends the process when its signal is aborted before it is ready", async () => {
  const stop = new AbortController();
  const onLine = () => stop.abort(new Error("enough"));
  const spec = script('console.log("here"); setInterval(() => {}, 1000)', { onLine });
  await expect(startChild(spec, { signal: stop.signal })).rejects.toThrow("enough");
});

test("closed rejects when the process ends by itself", async () => {
  await using child = await startChild(script(STAYS));
  process.kill(child.pid, "SIGKILL");
  await expect(child.closed).rejects.toThrow("script was ended by SIGKILL");
});

test("disposing kills a process that ignores SIGTERM after its drain timeout", async () => {
  const child = await startChild(script(`process.on("SIGTERM", () => {}); ${STAYS}`, { drainTimeoutMs: 100 }));
  await child[Symbol.asyncDispose]();
  expect(() => process.kill(child.pid, 0)).toThrow("ESRCH");
});

test.each([
  ["is killed", (child: Child<number>) => void process.kill(child.pid, "SIGKILL")],
  ["is disposed", (child: Child<number>) => child[Symbol.asyncDispose]()],
])("processes that a process has started end with it when it %s", async (_, end) => {
  const code = `const { spawn } = require("node:child_process");
const { pid } = spawn("/bin/sh", ["-c", "trap '' TERM HUP; while :; do sleep 1; done"], { stdio: "inherit" });
console.log(pid);
setInterval(() => {}, 1000);`;
  const readyWhen = (line: string) => (/^\d+$/.test(line) ? Number(line) : undefined);
  await using child = await startChild({ name: "parent", command: process.execPath, args: ["-e", code], readyWhen });
  expect(isAlive(child.ready)).toBe(true);
  await end(child);
  await until("the process that it started is gone", () => !isAlive(child.ready));
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "a process is gone soon after the one that started it, ended by %s",
  async (signal) => {
    const { args, command } = script(`process.on("SIGTERM", () => {}); ${STAYS}`);
    const code = `const { startChild } = await import(${JSON.stringify(join(import.meta.dirname, "child.ts"))});
const readyWhen = (line) => line === "ready" || undefined;
const { pid } = await startChild({ name: "script", ...${JSON.stringify({ args, command })}, readyWhen });
console.log(pid);`;
    const readyWhen = (line: string) => (/^\d+$/.test(line) ? Number(line) : undefined);
    await using parent = await startChild({ name: "parent", command, args: ["-e", code], readyWhen });
    expect(isAlive(parent.ready)).toBe(true);
    process.kill(parent.pid, signal);
    await expect(parent.closed).rejects.toThrow(`parent was ended by ${signal}`);
    await until("the script is gone", () => !isAlive(parent.ready));
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
