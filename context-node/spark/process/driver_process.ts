import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import type { Readable, Writable } from "node:stream";
import { closeOutputAtExit } from "../../../cluster/mod.ts";
import type { ProcessGroups } from "../../isolation/mod.ts";
import { logOutput, type ProcessLog } from "../../process_output.ts";
import { ARGUMENTS_DESCRIPTOR, INFO_DESCRIPTOR } from "../launch/confinement.ts";
import type { DriverCommand } from "../launch/driver_command.ts";
import type { ProcessExit } from "./driver_exit.ts";

/** Maximum number of threads and processes of one driver: a busy Spark has some hundreds. */
const MOST_THREADS = 8192;

const STDIO = ["ignore", "pipe", "pipe"] as const;
const BOXED_STDIO = [...STDIO, "pipe", "pipe"] as const;

/** Nice value of a driver that no caller waits for. */
const NICE = 10;

/** A process group with a driver in it. */
export interface DriverProcess {
  /** Resolves when the process has exited and its output is read. Never rejects. */
  readonly exited: Promise<Pick<ProcessExit, "code" | "signal" | "stdout" | "stderr">>;
  /** Process id of the JVM; undefined until it is known. */
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
  // A process group of its own: signals of the terminal to the node do not reach it, and its children end with it.
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
    // The control group logs its own failures.
    void group.add(found);
  };
  if (hiddenArguments !== undefined) {
    readProcessId(child, place);
    writeArguments(child, hiddenArguments);
  } else if (child.pid !== undefined) place(child.pid);

  let outOfMemoryBytes: number | undefined;
  /** Set once the process has exited: another process group may reuse the id. */
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

/** Reads the id of the confined process from bubblewrap, which itself stays outside. */
function readProcessId(child: ChildProcess, found: (processId: number) => void): void {
  const info = child.stdio[INFO_DESCRIPTOR] as Readable;
  let text = "";
  // If bubblewrap ends early, `close` of the child reports it.
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

/** Sends a signal to the process group. Does nothing if the group is gone. */
function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    return;
  }
}
