import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ContextSettings } from "../../proto/node.ts";
import type { Sandbox } from "../runtime/mod.ts";
import { bundle, MEBIBYTE, resultOf, run, startSandbox, startTestIsolation, startTestRuntime } from "./testing/mod.ts";

const ENDLESS_JOB = "export const job = ({ progress }) => { progress(0); return new Promise(() => {}); };";

/** Resolves when the condition holds; the time limit of the test ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

function childrenOf(pid: number): number[] {
  const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  return threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number),
  );
}

/** Returns the parent of a process. A process in a bubblewrap box has a parent outside. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

async function startEndlessJob(sandbox: Parameters<typeof run>[0]) {
  const job = run(sandbox, await bundle(ENDLESS_JOB));
  await job.until("progress");
  return { job, pid: sandbox.processId ?? 0 };
}

test("disposing a sandbox loses its jobs and leaves no process", async () => {
  await using runtime = await startTestRuntime();
  const sandbox = await startSandbox(runtime);
  const { job, pid } = await startEndlessJob(sandbox);
  await sandbox[Symbol.asyncDispose]();
  expect(isAlive(pid)).toBe(false);
  expect(await job.outcome).toEqual({ type: "lost", end: { type: "disposed" } });
  expect(await sandbox.closed).toEqual({ type: "disposed" });
  expect(await run(sandbox, await bundle(ENDLESS_JOB)).outcome).toEqual({ type: "lost", end: { type: "disposed" } });
});

test("a runtime starts no process before it is needed, or if it is disposed first", async () => {
  await using isolation = await startTestIsolation();
  let launches = 0;
  const counting: Pick<typeof isolation, "launch"> = {
    launch(options) {
      launches += 1;
      return isolation.launch(options);
    },
  };
  const needed = Promise.withResolvers<void>();
  const options = { isolation: counting, spares: 1, spareMemoryBytes: 256 * MEBIBYTE, whenNeeded: needed.promise };
  await (await startTestRuntime(options))[Symbol.asyncDispose]();
  expect(launches).toBe(0);

  await using runtime = await startTestRuntime(options);
  const starting = startSandbox(runtime);
  needed.resolve();
  await (await starting)[Symbol.asyncDispose]();
  expect(launches).toBeGreaterThan(0);
});

test("disposing the runtime ends sandboxes and spare processes", async () => {
  const before = childrenOf(process.pid);
  const runtime = await startTestRuntime({ spares: 2, spareMemoryBytes: 256 * MEBIBYTE });
  const sandbox = await startSandbox(runtime, { permissions: { net: ["localhost"], secrets: [] } });
  const { job } = await startEndlessJob(sandbox);
  await runtime[Symbol.asyncDispose]();
  expect(await job.outcome).toEqual({ type: "lost", end: { type: "disposed" } });
  expect(childrenOf(process.pid).filter((pid) => !before.includes(pid) && isAlive(pid))).toEqual([]);
});

test("jobs of a killed process are lost with the reason", async () => {
  await using runtime = await startTestRuntime();
  const sandbox = await startSandbox(runtime);
  const { job, pid } = await startEndlessJob(sandbox);
  process.kill(pid, "SIGKILL");
  const end = { type: "crashed", message: "The process of the context ended by signal SIGKILL" };
  expect(await job.outcome).toEqual({ type: "lost", end });
  expect(await sandbox.closed).toEqual(end);
});

test("a sandbox takes a spare process, which is replaced", async () => {
  const others = childrenOf(process.pid);
  const children = (): number[] => childrenOf(process.pid).filter((pid) => !others.includes(pid));
  const childOf = ({ processId = 0 }: Sandbox): number =>
    children().includes(processId) ? processId : parentOf(processId);
  await using runtime = await startTestRuntime({ spares: 1, spareMemoryBytes: 256 * MEBIBYTE });
  await using first = await startSandbox(runtime);
  await until(() => children().length === 2);
  const [spare] = children().filter((pid) => pid !== childOf(first));
  await using second = await startSandbox(runtime);
  expect(childOf(second)).toBe(spare);
  await until(() => children().length === 3);
});

test("a start that waits for a spare process rejects when its caller leaves or the runtime closes", async () => {
  const runtime = await startTestRuntime({ spares: 1, spareMemoryBytes: 256 * MEBIBYTE });
  const leaving = new AbortController();
  const left = startSandbox(runtime, {}, {}, { signal: leaving.signal });
  leaving.abort(new Error("The context is closed"));
  await expect(left).rejects.toThrow("The context is closed");
  const sandbox = startSandbox(runtime);
  await Promise.all([runtime[Symbol.asyncDispose](), expect(sandbox).rejects.toThrow("The runtime is closing")]);
});

test("sandboxes of one runtime share nothing", async () => {
  await using runtime = await startTestRuntime();
  await using one = await startSandbox(runtime);
  await using two = await startSandbox(runtime);
  const source =
    "export const job = async ({ objects }) => { await objects.update('x', 1); return (await objects.list()).length; };";
  expect([await resultOf(one, source), await resultOf(two, source)]).toEqual([1, 1]);
});

test("each process has its own code cache, which is removed with it, and jobs change no other cache", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "hearth-test-"));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  await using runtime = await startTestRuntime({ cacheDir });
  const caches = join(cacheDir, "caches");
  /** Returns the name and content of each file in the template. */
  const template = (): string[] =>
    readdirSync(join(caches, "template"), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => `${name} ${readFileSync(join(caches, "template", name), "base64")}`);
  const one = await startSandbox(runtime);
  const [before, two] = [template(), await startSandbox(runtime)];
  const folders = readdirSync(caches).filter((name) => name !== "template");
  expect(folders).toHaveLength(2);
  for (const folder of folders) expect(statSync(join(caches, folder)).mode & 0o077).toBe(0);
  for (const sandbox of [one, two]) expect(await resultOf(sandbox, "export const job = () => 1;")).toBe(1);
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  expect(readdirSync(caches)).toEqual(["template"]);
  expect(before.length).toBeGreaterThan(0);
  expect(template()).toEqual(before);
});

test("no process of a node survives when the node is killed", async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), "hearth-test-"));
  onTestFinished(() => rm(cacheDir, { recursive: true }));
  const program = fileURLToPath(new URL("./testing/tight_loop_node.ts", import.meta.url));
  const node = spawn(process.execPath, [program, cacheDir]);
  let output = "";
  node.stdout.on("data", (text) => {
    output += text;
  });
  await until(() => output.includes("looping"));
  const pids = childrenOf(node.pid ?? 0);
  expect(pids.length).toBeGreaterThan(0);
  node.kill("SIGKILL");
  await once(node, "exit");
  await until(() => !pids.some(isAlive));
});

test("an aborted start rejects with the reason", async () => {
  await using runtime = await startTestRuntime();
  const starting = new AbortController();
  const sandbox = runtime.startSandbox(
    {
      contextId: "c",
      name: "n",
      settings: ContextSettings.fromPartial({ memoryBytes: MEBIBYTE }),
      files: { list: async () => [], open: async () => undefined },
    },
    { signal: starting.signal },
  );
  starting.abort(new Error("changed my mind"));
  await expect(sandbox).rejects.toThrow("changed my mind");
});

test("a start without a Deno binary rejects with the path", async () => {
  using isolation = await startTestIsolation({ mode: "off", deno: "/nowhere/deno" });
  await using runtime = await startTestRuntime({ isolation });
  await expect(startSandbox(runtime)).rejects.toThrow(
    "Cannot start a sandbox: Cannot run /nowhere/deno: spawn /nowhere/deno ENOENT",
  );
});

test("a start rejects on timeout if the process is not ready, and kills it", async () => {
  await using isolation = await startTestIsolation({ mode: "off" });
  const pids: number[] = [];
  const silent: Pick<typeof isolation, "launch"> = {
    launch(request) {
      const launch = isolation.launch(request);
      return {
        ...{ ...launch, file: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] },
        hold(child) {
          pids.push(child.pid ?? 0);
          return launch.hold(child);
        },
      };
    },
  };
  await using runtime = await startTestRuntime({ isolation: silent as typeof isolation, startTimeoutMs: 300 });

  await expect(startSandbox(runtime)).rejects.toThrow("Cannot start a sandbox: it was not ready within 300 ms");
  expect(pids.filter(isAlive)).toEqual([]);
});
