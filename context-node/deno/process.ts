import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Isolation } from "../isolation/mod.ts";
import type { SandboxEnd } from "../runtime/mod.ts";
import { describeExcess, hardLimitBytes, watchMemory } from "./memory.ts";
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
  /** The process id of Deno. Undefined when it could not be started. */
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
  readonly isolation: Pick<Isolation, "launch">;
  /** Path of the program of the main isolate. */
  readonly mainModule: string;
  readonly executorCode: string;
  readonly cacheDir: string;
  readonly log: ProcessLog;
}

/** The executor that every process starts with. */
export const FIRST_EXECUTOR = 1;

/** What the process is given: nothing to read, what it prints, and its channel to the node. */
const STDIO = ["ignore", "pipe", "pipe", "ipc"] as const;

const MEBIBYTE = 1024 * 1024;

/** The memory of an executor goes back to the system a while after its end. */
const MEMORY_RETURN_MS = 1000;

/** V8's last words when the heap limit is reached where it cannot stop the executor alone. */
const OUT_OF_HEAP = /out of memory/i;

/** Resolves when the process takes commands. Rejects, with nothing left behind, when it ends before, or the signal is aborted. */
export async function startDenoProcess(
  { isolation, mainModule, executorCode, cacheDir, log }: ProcessDeps,
  profile: ProcessProfile,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<DenoProcess> {
  signal?.throwIfAborted();
  const launch = isolation.launch({
    args: denoArguments(profile),
    mainModule,
    env: environment(profile, cacheDir),
    net: profile.net.length > 0,
    memoryBytes: hardLimitBytes(profile.memoryBytes, { executors: 1 }),
    firstDescriptor: STDIO.length,
  });
  const child = spawn(launch.file, launch.args, { ...launch.options, stdio: [...STDIO, ...launch.stdio] });
  const held = launch.hold(child);
  const output = logOutput(child, log);
  const kill = (): void => held.kill();

  let end: SandboxEnd | undefined;
  let isConcealed = false;
  let executors = 1;
  const watched = { pid: held.processId, limitBytes: profile.memoryBytes, executors: () => executors };
  const memory = watchMemory(watched, (message) => {
    end ??= { type: "outOfMemory", message };
    kill();
  });
  const ended = new Promise<SandboxEnd>((resolve) => {
    // `close` comes when the output is read to its end, too; `error` alone when the binary could not be run.
    child.once("close", (code, exitSignal) => {
      const bytes = held.outOfMemoryBytes();
      if (bytes !== undefined) end ??= { type: "outOfMemory", message: describeExcess(bytes, profile.memoryBytes) };
      resolve(end ?? endOf({ code, exitSignal, profile, words: output.lastWords(), isConcealed }));
    });
    child.on("error", (error) => resolve({ type: "crashed", message: `Cannot run ${launch.file}: ${error.message}` }));
  }).finally(() => {
    memory[Symbol.dispose]();
    held[Symbol.dispose]();
  });

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
    pid: held.processId(),
    ended,
    send(command) {
      if (command.type === "startExecutor") {
        executors += 1;
        held.raiseMemory(hardLimitBytes(profile.memoryBytes, { executors }));
      }
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

function denoArguments({ net }: ProcessProfile): string[] {
  const grants = net.length > 0 ? [`--allow-net=${net.join(",")}`] : [];
  const offline = ["--no-remote", "--no-npm", "--cached-only", "--no-config", "--no-lock"];
  return ["run", "--quiet", "--no-prompt", ...offline, ...grants];
}

/** All that the process gets: nothing of ours is inherited. */
function environment({ timeZone }: ProcessProfile, cacheDir: string): Record<string, string> {
  return {
    DENO_DIR: cacheDir,
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
    ...(timeZone === undefined ? {} : { TZ: timeZone }),
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
  const signal = exitSignal ?? signalOf(code);
  const how = signal === undefined ? `with code ${code}` : `by signal ${signal}`;
  return {
    type: "crashed",
    message: `The process of the context ended ${how}${words && !isConcealed ? `: ${words}` : ""}`,
  };
}

/** The signal that a program inside another one ended by: that ends with a code above 128 then. */
function signalOf(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
}

function failStart(end: SandboxEnd): never {
  throw new Error(`Cannot start a sandbox: ${end.type === "disposed" ? "it was disposed" : end.message}`);
}

function mebibytes({ memoryBytes }: ProcessProfile): string {
  return `${Math.ceil(memoryBytes / MEBIBYTE)} MiB`;
}
