import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import type { Readable, Writable } from "node:stream";
import { closeOutputAtExit } from "../../../cluster/mod.ts";
import type { ProcessGroups } from "../../isolation/mod.ts";
import { logOutput, type ProcessLog } from "../../process_output.ts";
import { ARGUMENTS_DESCRIPTOR, INFO_DESCRIPTOR } from "../launch/confinement.ts";
import type { DriverCommand } from "../launch/driver_command.ts";
import type { ProcessExit } from "./driver_exit.ts";

/** Threads and processes of one driver: Spark has some hundreds when it is busy. */
const MOST_THREADS = 8192;

const STDIO = ["ignore", "pipe", "pipe"] as const;
const BOXED_STDIO = [...STDIO, "pipe", "pipe"] as const;

/** Priority of what nobody waits for. */
const NICE = 10;

/** A process group with a driver in it. */
export interface DriverProcess {
  /** Resolves when it is gone and what it printed is read. Never rejects. */
  readonly exited: Promise<Pick<ProcessExit, "code" | "signal" | "stdout" | "stderr">>;
  /** Of the JVM; undefined while it is not known. */
  processId(): number | undefined;
  /** Sends a signal to the whole group. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
  conceal(): void;
  /** See `ProcessGroup`. */
  outOfMemoryBytes(): number | undefined;
}

interface SpawnOptions {
  readonly memoryLimitBytes: number | undefined;
  readonly isConcealed: boolean;
  readonly isUrgent: boolean;
}

export function spawnDriver(
  { log, groups }: { log: ProcessLog; groups: Pick<ProcessGroups, "open"> },
  { file, args, env, folder, hiddenArguments }: DriverCommand,
  { memoryLimitBytes, isConcealed, isUrgent }: SpawnOptions,
): DriverProcess {
  const memory = memoryLimitBytes ?? Number.MAX_SAFE_INTEGER;
  const group = groups.open({ memoryBytes: memory, threads: MOST_THREADS });
  // A group of its own: what a terminal sends to the node is not for it, and all that it starts ends with it.
  const child = spawn(file, args, {
    env,
    cwd: folder,
    stdio: hiddenArguments === undefined ? [...STDIO] : [...BOXED_STDIO],
    detached: true,
  });
  closeOutputAtExit(child);
  const output = logOutput(child, log);
  if (isConcealed) output.conceal();
  let processId: number | undefined;
  const place = (found: number): void => {
    processId = found;
    if (!isUrgent) setPriority(found, NICE);
    // Where it cannot be held, the group says so in the log.
    void group.add(found);
  };
  if (hiddenArguments !== undefined) {
    readProcessId(child, place);
    writeArguments(child, hiddenArguments);
  } else if (child.pid !== undefined) place(child.pid);

  let outOfMemoryBytes: number | undefined;
  /** The id of its group may be that of another by now. */
  let isGone = false;
  const exited = new Promise<Awaited<DriverProcess["exited"]>>((resolve) => {
    child.once("exit", () => {
      killGroup(child, "SIGKILL");
      isGone = true;
    });
    child.once("close", (code, signal) => {
      outOfMemoryBytes = memoryLimitBytes === undefined ? undefined : group.outOfMemoryBytes();
      group[Symbol.dispose]();
      resolve({ code, signal, stdout: output.lastWords("stdout"), stderr: output.lastWords() });
    });
    child.once("error", (error) => {
      group[Symbol.dispose]();
      resolve({ code: -1, signal: null, stdout: "", stderr: `Cannot run ${file}: ${error.message}` });
    });
  });
  return {
    exited,
    processId: () => processId,
    kill(signal) {
      if (!isGone) killGroup(child, signal);
    },
    conceal: () => output.conceal(),
    outOfMemoryBytes: () => outOfMemoryBytes,
  };
}

/** Bubblewrap waits outside; it says which process is inside. */
function readProcessId(child: ChildProcess, found: (processId: number) => void): void {
  const info = child.stdio[INFO_DESCRIPTOR] as Readable;
  let text = "";
  // Where it ends before, `close` of the child says so; the pipe has nothing to add.
  info.on("error", () => {});
  info.on("data", (chunk: Buffer) => {
    const wasFound = text.includes("}");
    text += chunk.toString();
    const id = /"child-pid": (\d+)/.exec(text)?.[1];
    if (id !== undefined && !wasFound && text.includes("}")) found(Number(id));
  });
}

function writeArguments(child: ChildProcess, args: readonly string[]): void {
  const pipe = child.stdio[ARGUMENTS_DESCRIPTOR] as Writable;
  pipe.on("error", () => {});
  pipe.end(args.map((each) => `${each}\0`).join(""));
}

/** Whatever of the group is left; there may be nothing. */
function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
}
