import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BundlerLimits } from "./limits.ts";
import type { BundleRequest, WorkerMessage } from "./worker_protocol.ts";

const WORKER_MAIN = fileURLToPath(new URL("./worker_main.ts", import.meta.url));

/** How much of a worker's stderr is kept, from its beginning, to tell why it died. */
const STDERR_CHARACTERS = 1000;

/** V8 sets so much aside for machine code, whatever it uses of it, and RLIMIT_DATA counts it. */
const V8_CODE_RANGE_MEBIBYTES = 512;

/**
 * `ulimit -d` bounds the writable private memory of each process (RLIMIT_DATA; Linux enforces it, macOS does not), unlike
 * `-v` not the address space, of which V8 and Go reserve far more than they use. It stays as it is where a lower limit is
 * already set.
 */
const LIMITED_EXEC = '(ulimit -d "$0") 2>/dev/null && ulimit -d "$0"; ulimit -c 0; exec "$@"';

/** A process that bundles one upload at a time. Disposing it kills it, with esbuild's. */
export interface BundleWorker extends AsyncDisposable {
  /** Rejects when the process ends first, or with the signal's reason; the worker is of no more use then. */
  ask(request: BundleRequest, options: { signal: AbortSignal }): Promise<WorkerMessage>;
  /** Whether it can be asked. */
  isAlive(): boolean;
}

/** Starts a worker; resolves when esbuild is warm. */
export async function startWorker(limits: BundlerLimits, options: { signal: AbortSignal }): Promise<BundleWorker> {
  const child = spawnLimited(limits);
  const closed = closedReason(child);

  async function next({ signal }: { signal: AbortSignal }): Promise<WorkerMessage> {
    const waiting = new AbortController();
    const either = AbortSignal.any([signal, waiting.signal]);
    try {
      const [message]: WorkerMessage[] = await Promise.race([
        once(child, "message", { signal: either }),
        failed(closed),
      ]);
      if (message === undefined) throw new Error("The bundler process sent nothing");
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
      return await answer;
    },
    isAlive: () => isRunning(child) && child.connected,
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

/** In a process group of its own, to be killed as one: esbuild's process does not notice the end of the other while it is busy. */
function spawnLimited({ memoryBytes }: BundlerLimits): ChildProcess {
  const mebibytes = Math.floor(memoryBytes / 1024 / 1024);
  const node = [process.execPath, `--max-old-space-size=${Math.ceil(mebibytes / 2)}`, WORKER_MAIN];
  return spawn("/bin/sh", ["-c", LIMITED_EXEC, `${(mebibytes + V8_CODE_RANGE_MEBIBYTES) * 1024}`, ...node], {
    cwd: "/",
    detached: true,
    env: { GOMEMLIMIT: `${Math.ceil(mebibytes * 0.75)}MiB` },
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** Resolves when both processes of the worker are gone, to why. */
function closedReason(child: ChildProcess): Promise<string> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(0, STDERR_CHARACTERS);
  });
  // esbuild's process holds stderr open too, and may outlive the one that it serves.
  child.once("exit", () => killGroup(child));
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
