import { spawn } from "node:child_process";
import type { SandboxEnd } from "../runtime/mod.ts";
import { MAIN_MODULE } from "./deno_program.ts";
import { watchMemory } from "./memory.ts";
import { logOutput } from "./process_output.ts";
import type { ProcessProfile } from "./profile.ts";
import { createOutbox } from "./sandbox/outbox.ts";
import type { SandboxCommand, SandboxReport } from "./sandbox/protocol.ts";

/** Where this folder writes; a pino logger is one. */
export interface ProcessLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A sandbox process with its first executor, ready for a context. Disposing it kills it. */
export interface DenoProcess extends AsyncDisposable {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the process is gone, after its last report. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  send(command: SandboxCommand): void;
  /** Gives all further reports to this listener. */
  listen(listener: (report: SandboxReport) => void): void;
  /** From now on nothing that it prints is logged, or told when it ends: there may be secrets in it. */
  conceal(): void;
  /** Resident memory now, in bytes. */
  memoryBytes(): number;
  /** Kills the process because it is beyond help; `ended` tells the message. */
  abandon(message: string): void;
}

interface ProcessDeps {
  readonly denoPath: string;
  readonly executorCode: string;
  readonly cacheDir: string;
  readonly log: ProcessLog;
}

/** The executor that every process starts with. */
export const FIRST_EXECUTOR = 1;

const MEBIBYTE = 1024 * 1024;

/** The memory of an executor goes back to the system a while after its end. */
const MEMORY_RETURN_MS = 1000;

/** V8's last words when the heap limit is reached where it cannot stop the executor alone. */
const OUT_OF_HEAP = /out of memory/i;

/** Resolves when the process takes commands. Rejects, with nothing left behind, when it ends before, or the signal is aborted. */
export async function startDenoProcess(
  { denoPath, executorCode, cacheDir, log }: ProcessDeps,
  profile: ProcessProfile,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<DenoProcess> {
  signal?.throwIfAborted();
  const child = spawn(denoPath, denoArguments(profile), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: environment(profile, cacheDir),
  });
  const output = logOutput(child, log);
  const kill = (): void => void child.kill("SIGKILL");

  let end: SandboxEnd | undefined;
  let isConcealed = false;
  let executors = 1;
  const watched = { pid: child.pid, limitBytes: profile.memoryBytes, executors: () => executors };
  const memory = watchMemory(watched, (message) => {
    end ??= { type: "outOfMemory", message };
    kill();
  });
  const ended = new Promise<SandboxEnd>((resolve) => {
    // `close` comes when the output is read to its end, too; `error` alone when the binary could not be run.
    child.once("close", (code, exitSignal) => {
      resolve(end ?? endOf({ code, exitSignal, profile, words: output.lastWords(), isConcealed }));
    });
    child.on("error", (error) => resolve({ type: "crashed", message: `Cannot run ${denoPath}: ${error.message}` }));
  }).finally(() => memory[Symbol.dispose]());

  const { post: send } = createOutbox<SandboxCommand>((commands, sent) => {
    // An error means that the channel is closed: `ended` tells all about it.
    if (child.connected) child.send([...commands], () => sent());
  });

  function forgetExecutorLater(): void {
    const timer = setTimeout(() => {
      executors -= 1;
    }, MEMORY_RETURN_MS);
    timer.unref();
  }

  let listener: (report: SandboxReport) => void;
  const ready = new Promise<void>((resolve) => {
    listener = (report) => report.type === "ready" && resolve();
  });
  child.on("message", (reports: SandboxReport[]) => {
    for (const report of reports) {
      if (report.type === "executorEnded") forgetExecutorLater();
      listener(report);
    }
  });

  send({
    type: "start",
    executorCode,
    heapMebibytes: Math.ceil(profile.memoryBytes / MEBIBYTE),
    firstExecutor: FIRST_EXECUTOR,
  });
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([ready, aborted.promise, ended.then(failStart)]);
  } catch (error) {
    kill();
    await ended;
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }

  return {
    pid: child.pid,
    ended,
    send(command) {
      if (command.type === "startExecutor") executors += 1;
      send(command);
    },
    listen(next) {
      listener = next;
    },
    conceal() {
      isConcealed = true;
      output.conceal();
    },
    memoryBytes: memory.bytes,
    abandon(message) {
      end ??= { type: "crashed", message };
      kill();
    },
    async [Symbol.asyncDispose]() {
      end ??= { type: "disposed" };
      kill();
      await ended;
    },
  };
}

function denoArguments({ reach }: ProcessProfile): string[] {
  const grants = reach === undefined ? [] : [`--allow-net=${reach.allow.join(",")}`];
  // Denied before it is allowed, and looked at again for the addresses that a name resolves to. Without a list it would deny everything.
  if (reach !== undefined && reach.deny.length > 0) grants.push(`--deny-net=${reach.deny.join(",")}`);
  const offline = ["--no-remote", "--no-npm", "--cached-only", "--no-config", "--no-lock"];
  return ["run", "--quiet", "--no-prompt", ...offline, ...grants, MAIN_MODULE];
}

/** All that the process gets: nothing of ours is inherited. */
function environment({ timeZone, reach }: ProcessProfile, cacheDir: string): Record<string, string> {
  return {
    DENO_DIR: cacheDir,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    ...(timeZone === undefined ? {} : { TZ: timeZone }),
    // Deno cannot deny blocks of IPv6, and does not see the IPv4 address in one that a name resolves to (`::ffff:127.0.0.1`).
    ...(reach === undefined || reach.isIpv6Resolved ? {} : { RES_OPTIONS: "no-aaaa" }),
  };
}

function endOf(exit: {
  code: number | null;
  exitSignal: NodeJS.Signals | null;
  profile: ProcessProfile;
  words: string;
  isConcealed: boolean;
}): SandboxEnd {
  const { code, exitSignal, profile, words, isConcealed } = exit;
  if (OUT_OF_HEAP.test(words)) {
    return { type: "outOfMemory", message: `The heap of an executor went over the limit of ${mebibytes(profile)}` };
  }
  const how = exitSignal === null ? `with code ${code}` : `by signal ${exitSignal}`;
  return {
    type: "crashed",
    message: `The process of the context ended ${how}${words && !isConcealed ? `: ${words}` : ""}`,
  };
}

function failStart(end: SandboxEnd): never {
  throw new Error(`Cannot start a sandbox: ${end.type === "disposed" ? "it was disposed" : end.message}`);
}

function mebibytes({ memoryBytes }: ProcessProfile): string {
  return `${Math.ceil(memoryBytes / MEBIBYTE)} MiB`;
}
