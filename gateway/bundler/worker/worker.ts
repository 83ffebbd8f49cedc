import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { closeOutputAtExit } from "../../../cluster/mod.ts";
import type { BundlerLimits } from "../bundler_limits.ts";
import { isolatedNode } from "./isolation.ts";
import type { BundleRequest, WorkerMessage } from "./worker_protocol.ts";

const WORKER_MAIN = fileURLToPath(new URL("./worker_main.ts", import.meta.url));

/** Number of characters kept from the beginning of a worker's stderr, for the error when it dies. */
const STDERR_CHARACTERS = 1000;

/** A process that bundles one upload at a time. Disposing it kills the process. */
export interface BundleWorker extends AsyncDisposable {
  /** Rejects if the process ends first, or with the signal's reason; the worker is not usable afterwards. */
  ask(request: BundleRequest, options: { signal: AbortSignal }): Promise<WorkerMessage>;
  /** Whether it accepts requests. */
  isAlive(): boolean;
  /** Memory of the process after its last response. */
  residentBytes(): number;
}

/** Starts a worker; resolves when esbuild is warm. */
export async function startWorker(limits: BundlerLimits, options: { signal: AbortSignal }): Promise<BundleWorker> {
  const child = spawnIsolated(limits);
  const closed = closedReason(child);
  let residentBytes = 0;

  async function next({ signal }: { signal: AbortSignal }): Promise<WorkerMessage> {
    const waiting = new AbortController();
    const either = AbortSignal.any([signal, waiting.signal]);
    try {
      const [message]: WorkerMessage[] = await Promise.race([
        once(child, "message", { signal: either }),
        failed(closed),
      ]);
      if (message === undefined) throw new Error("The bundler process sent an empty message");
      return message;
    } finally {
      waiting.abort();
    }
  }

  const worker: BundleWorker = {
    async ask(request, { signal }) {
      signal.throwIfAborted();
      const answer = next({ signal });
      child.send(request);
      const message = await answer;
      if (message.type !== "ready") ({ residentBytes } = message);
      return message;
    },
    isAlive: () => isRunning(child) && child.connected,
    residentBytes: () => residentBytes,
    async [Symbol.asyncDispose]() {
      if (isRunning(child)) killGroup(child);
      await closed;
    },
  };
  try {
    await next(options);
    return worker;
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs in a process group of its own, which is killed together with the shell that waits for the end of the gateway. */
function spawnIsolated(limits: BundlerLimits): ChildProcess {
  const { command, args } = isolatedNode(limits);
  return spawn(command, [...args, WORKER_MAIN], {
    cwd: "/",
    detached: true,
    env: {},
    serialization: "advanced",
    stdio: ["pipe", "ignore", "pipe", "ipc"],
  });
}

/** Resolves when the process has ended, to the reason. */
function closedReason(child: ChildProcess): Promise<string> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(0, STDERR_CHARACTERS);
  });
  // Ends the shell that waits for the end of the gateway.
  child.once("exit", () => killGroup(child));
  closeOutputAtExit(child);
  const { promise, resolve } = Promise.withResolvers<string>();
  child.on("error", (error) => resolve(error.message));
  child.once("close", (code, signal) => resolve(`${signal ?? `code ${code}`}: ${stderr.trim()}`));
  return promise;
}

async function failed(closed: Promise<string>): Promise<never> {
  throw new Error(`The bundler process ended, ${await closed}`);
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
