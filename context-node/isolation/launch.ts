import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type BubblewrapTools, bubblewrapArguments, CACHE_FOLDER, PROGRAM_FOLDER } from "./bubblewrap.ts";
import { MOST_THREADS } from "./lockdown_bundle.ts";
import type { ProcessGroup, ProcessGroups } from "./process_groups.ts";
import { giveTo, type Programs } from "./programs.ts";
import type { NextUser } from "./users.ts";

/** A Deno program to be started. */
export interface LaunchRequest {
  /** Arguments of Deno in front of the module. */
  readonly args: readonly string[];
  /** Path of a module that imports only Deno's modules. */
  readonly mainModule: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether it was granted any of the network. */
  readonly net: boolean;
  /** The most memory that it may take, all of its processes together. */
  readonly memoryBytes: number;
  /** Folder of the process alone for what Deno caches. It may be written there by a process that never runs a job, and is not locked down. */
  readonly cache?: { readonly folder: string; readonly isWritten: boolean };
  /** The first descriptor that the caller does not give to the process. */
  readonly firstDescriptor: number;
}

/** How to start a process: `spawn(file, args, { ...options, stdio: [...yours, ...stdio] })`, then `hold`. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly stdio: readonly "pipe"[];
  readonly options: { readonly env: Record<string, string>; readonly uid?: number; readonly gid?: number };
  /** Takes the process that was spawned into its limits. The caller disposes it when the process is gone. */
  hold(child: ChildProcess): HeldProcess;
}

export interface HeldProcess extends Disposable {
  /** The process id of Deno; undefined before it is known. */
  processId(): number | undefined;
  /** Resolves when it is within its limits, or killed because it cannot be. Never rejects. */
  readonly placed: Promise<void>;
  kill(): void;
  /** Raises what it may take of memory, where a control group holds it. */
  raiseMemory(bytes: number): void;
  /** The memory that it used, in bytes, when the kernel ended it for lack of memory; else undefined. */
  outOfMemoryBytes(): number | undefined;
}

/** A way to start Deno. */
export type Way =
  /** Without walls. */
  | { readonly type: "open"; readonly deno: string }
  /** As another user if there is `nextUser`, and locked down by itself. */
  | { readonly type: "lockdown"; readonly deno: string; readonly nextUser: NextUser | undefined }
  /** In a box of bubblewrap besides. */
  | { readonly type: "box"; readonly tools: BubblewrapTools; readonly nextUser: NextUser | undefined };

interface LaunchDeps {
  readonly way: Way;
  readonly programs: Programs;
  readonly groups: ProcessGroups;
}

/** A folder that is not there: Deno does without a cache. */
const NO_FOLDER = "/dev/null/deno";

/**
 * Starts bubblewrap so that it ignores the signals that ask its node to end, which a terminal sends to the whole process group and a
 * supervisor to the whole control group: contexts continue while the node drains. Deno ignores them by itself. The shell becomes bubblewrap
 * with the same process id.
 */
const SHIELDED = `trap "" HUP INT TERM; unset PWD OLDPWD SHLVL; exec "$@"`;

export function createLaunch({ way, programs, groups }: LaunchDeps, request: LaunchRequest): Launch {
  const { args, mainModule, net, cache, firstDescriptor, memoryBytes } = request;
  // The zone of the machine cannot be read inside.
  const env = { TZ: Intl.DateTimeFormat().resolvedOptions().timeZone, ...request.env };
  const group = groups.open({ memoryBytes, threads: MOST_THREADS });
  if (way.type === "open") {
    const options = { env: { ...env, DENO_DIR: cache?.folder ?? NO_FOLDER } };
    return {
      file: way.deno,
      args: [...args, mainModule],
      stdio: [],
      options,
      hold: (child) => holdDirect(group, child),
    };
  }

  const user = way.nextUser?.();
  const lockdown = { net, readFiles: way.type === "box", ownsUser: user !== undefined };
  const { folder, entry } = programs.place(mainModule, cache?.isWritten ? undefined : lockdown);
  const denoArguments = (path: string): string[] => [
    ...args,
    ...(cache?.isWritten ? [] : ["--allow-ffi"]),
    join(path, entry),
  ];
  if (way.type === "lockdown") {
    // A process that writes the cache is given no job, so it needs no other user.
    const identity = user === undefined || cache?.isWritten ? {} : { uid: user, gid: user };
    const copy = cache && identity.uid !== undefined ? programs.copyFor(identity.uid, cache.folder) : undefined;
    const options = { env: { ...env, DENO_DIR: copy?.path ?? cache?.folder ?? NO_FOLDER }, ...identity };
    return {
      ...{ file: way.deno, args: denoArguments(folder), stdio: [], options },
      hold: (child) => holdDirect(group, child, copy),
    };
  }

  if (cache !== undefined && user !== undefined) giveTo(user, cache.folder);
  const box = {
    folder,
    cache: cache?.folder,
    denoArguments: denoArguments(PROGRAM_FOLDER),
    user: user ?? 0,
    net,
    infoDescriptor: firstDescriptor,
  };
  const options = { env: { ...env, DENO_DIR: cache === undefined ? NO_FOLDER : CACHE_FOLDER } };
  return {
    file: "/bin/sh",
    args: ["-c", SHIELDED, "sandbox", way.tools.bwrap, ...bubblewrapArguments(way.tools, box)],
    ...{ stdio: ["pipe"], options },
    hold: (child) => holdBoxed(group, child, firstDescriptor),
  };
}

function holdDirect(group: ProcessGroup, child: ChildProcess, owned?: Disposable): HeldProcess {
  const kill = (): void => void child.kill("SIGKILL");
  return {
    ...{ ...heldBy(group), processId: () => child.pid, placed: place(group, child.pid, kill), kill },
    [Symbol.dispose]() {
      owned?.[Symbol.dispose]();
      group[Symbol.dispose]();
    },
  };
}

/** Bubblewrap stays outside and waits; it says which process is inside. */
function holdBoxed(group: ProcessGroup, child: ChildProcess, infoDescriptor: number): HeldProcess {
  let inside: number | undefined;
  let text = "";
  const found = Promise.withResolvers<number | undefined>();
  const info = child.stdio[infoDescriptor] as Readable;
  // If it ends first, `close` of the child reports that.
  info.on("error", () => {});
  info.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const id = /"child-pid": (\d+)/.exec(text)?.[1];
    if (id === undefined || inside !== undefined) return;
    inside = Number(id);
    found.resolve(inside);
  });
  info.once("close", () => found.resolve(undefined));
  function kill(): void {
    // Bubblewrap outside ends when the process inside is gone: killed first, it would leave that one dying in its groups.
    if (inside === undefined) child.kill("SIGKILL");
    else if (child.exitCode === null && child.signalCode === null) killIfThere(inside);
  }
  const placed = found.promise.then((processId) => place(group, processId, kill));
  return { ...heldBy(group), processId: () => inside, placed, kill };
}

/** Kills a process that cannot be held. One without an id was not started, or is at its end. */
async function place(group: ProcessGroup, processId: number | undefined, kill: () => void): Promise<void> {
  if (processId !== undefined && !(await group.add(processId))) kill();
}

/** The process may just have ended. */
function killIfThere(processId: number): void {
  try {
    process.kill(processId, "SIGKILL");
  } catch {
    return;
  }
}

function heldBy(group: ProcessGroup): Pick<HeldProcess, "raiseMemory" | "outOfMemoryBytes" | typeof Symbol.dispose> {
  return {
    raiseMemory: (bytes) => group.raiseMemory(bytes),
    outOfMemoryBytes: () => group.outOfMemoryBytes(),
    [Symbol.dispose]: () => group[Symbol.dispose](),
  };
}
