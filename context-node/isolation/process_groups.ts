import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { CONTROLLERS, type ControlGroup, type Controller, claimControlGroups } from "./control_groups.ts";

/**
 * The share of the processor of a sandbox, by version, where there is not enough for all: half of the default, so that the node goes first. A
 * sandbox of many threads gets no more than one of a single thread.
 */
const CPU_SHARE = { 1: ["cpu.shares", "512"], 2: ["cpu.weight", "50"] } as const;

/** The window in which the kernel counts CPU, in microseconds: its own default. */
const PERIOD_US = 100_000;

/** Our groups: `hearth-<id of the node's process>-<number>`. */
const NAME = /^hearth-(\d+)-\d+$/;

/** Limits of a group of processes. */
export interface GroupLimits {
  readonly memoryBytes: number;
  readonly threads: number;
}

/** The control groups of one sandbox, if available. Disposal, when the processes are gone, removes them. */
export interface ProcessGroup extends Disposable {
  /**
   * Resolves to false when the process cannot be held: it is gone, or the kernel refuses. Takes up to 10 ms, because the kernel waits for all
   * processors; the next within that time takes a tenth of one.
   */
  add(processId: number): Promise<boolean>;
  /** Raises the limit of memory, where there is one. */
  raiseMemory(bytes: number): void;
  /** Peak memory of the group, in bytes, when the kernel has ended a process of it for lack of memory; else undefined. */
  outOfMemoryBytes(): number | undefined;
}

/** Limits CPU for a context. */
export interface CpuGroups {
  /**
   * Limits a process to a number of cores from now on; 0 means no limit. Where that cannot be done there is a warning for the user.
   * Disposing it ends the limit.
   */
  hold(
    contextId: string,
    wanted: { processId: number | undefined; cores: number },
  ): Disposable & { readonly warnings: string[] };
}

export interface ProcessGroups extends CpuGroups {
  /** Why a controller cannot be used; undefined when it can. */
  obstacle(controller: Controller): string | undefined;
  /** Makes groups for a sandbox about to start. Throws an Error where the system has such groups, and lets none be made. */
  open(limits: GroupLimits): ProcessGroup;
}

export interface ProcessGroupsOptions {
  /** The kernel's folder of this process: `/proc/self`. */
  readonly processFolder: string;
  readonly log: Pick<Logger, "info" | "warn">;
}

/**
 * Limits CPU, memory and threads by control groups (https://docs.kernel.org/admin-guide/cgroup-v2.html, and version 1:
 * https://docs.kernel.org/admin-guide/cgroup-v1/), where the group of this process is ours to divide. Removes the groups of nodes that
 * were killed.
 */
export function createProcessGroups({ processFolder, log }: ProcessGroupsOptions): ProcessGroups {
  const claimed = claimControlGroups(processFolder);
  const groupsById = new Map<number, Map<Controller, ControlGroup>>();
  let made = 0;
  for (const controller of CONTROLLERS) {
    const group = claimed[controller];
    if ("obstacle" in group) log.info({ controller, why: group.obstacle }, "control groups cannot be used");
    else removeAbandoned(group.path);
  }

  /** Makes groups for some controllers, which nothing else uses. In version 2 one folder serves all of them. */
  function make(controllers: readonly Controller[]): Map<Controller, ControlGroup> {
    const parents = new Map<Controller, ControlGroup>();
    for (const controller of controllers) {
      const parent = claimed[controller];
      if (!("obstacle" in parent)) parents.set(controller, parent);
    }
    const name = makeFolders(new Set(Array.from(parents.values(), ({ path }) => path)));
    return new Map(Array.from(parents, ([key, { version, path }]) => [key, { version, path: join(path, name) }]));
  }

  /** Creates a folder of one unused name in each parent and returns the name. */
  function makeFolders(parents: ReadonlySet<string>): string {
    for (;;) {
      const name = `hearth-${process.pid}-${++made}`;
      const paths = Array.from(parents, (parent) => join(parent, name));
      if (paths.some((path) => existsSync(path))) continue;
      for (const path of paths) mkdirSync(path);
      return name;
    }
  }

  /** Groups whose last process was still dying. */
  const occupied = new Set<string>();

  function remove(paths: Iterable<string>): void {
    for (const path of paths) {
      if (removeGroup(path)) occupied.delete(path);
      else occupied.add(path);
    }
  }

  return {
    obstacle(controller) {
      const group = claimed[controller];
      return "obstacle" in group ? group.obstacle : undefined;
    },

    open({ memoryBytes, threads }) {
      remove([...occupied]);
      const groups = make(CONTROLLERS);
      const members: number[] = [];
      let limitBytes = memoryBytes;
      let isRemoved = false;
      const cpu = groups.get("cpu");
      const memory = groups.get("memory");
      const pids = groups.get("pids");
      if (memory !== undefined) {
        limitMemory(memory, memoryBytes);
        // Version 2 ends all processes of the group together. Version 1 ends the largest: only one counts here.
        if (memory.version === 2) writeFileSync(join(memory.path, "memory.oom.group"), "1");
      }
      if (pids !== undefined) writeFileSync(join(pids.path, "pids.max"), String(threads));
      if (cpu !== undefined) {
        const [file, share] = CPU_SHARE[cpu.version];
        writeFileSync(join(cpu.path, file), share);
      }
      return {
        async add(processId) {
          const paths = new Set(Array.from(groups.values(), ({ path }) => path));
          for (const path of paths) {
            const refusal = await enter(path, processId);
            if (refusal === undefined) continue;
            if (!isRemoved)
              log.warn({ processId, path, err: refusal }, "a process cannot be put into its control group");
            return false;
          }
          if (isRemoved) return false;
          members.push(processId);
          groupsById.set(processId, groups);
          return true;
        },
        raiseMemory(bytes) {
          if (memory === undefined || isRemoved || bytes <= limitBytes) return;
          limitMemory(memory, bytes);
          limitBytes = bytes;
        },
        outOfMemoryBytes: () => (memory === undefined || isRemoved ? undefined : outOfMemoryBytes(memory)),
        [Symbol.dispose]() {
          isRemoved = true;
          for (const processId of members) groupsById.delete(processId);
          remove(new Set(Array.from(groups.values(), ({ path }) => path)));
        },
      };
    },

    hold(_contextId, { processId, cores }) {
      if (cores === 0 || processId === undefined) return unlimited([]);
      if ("obstacle" in claimed.cpu)
        return unlimited([`The context is not held to ${cores} CPU cores: ${claimed.cpu.obstacle}`]);
      const own = groupsById.get(processId)?.get("cpu");
      let group = own;
      try {
        group ??= make(["cpu"]).get("cpu") as ControlGroup;
        for (const [file, value] of cpuLimit(group, cores)) writeFileSync(join(group.path, file), value);
        if (group !== own) writeFileSync(join(group.path, "cgroup.procs"), String(processId));
      } catch (error) {
        if (group !== undefined && group !== own) removeGroup(group.path);
        return unlimited([`The context is not held to ${cores} CPU cores: ${(error as Error).message}`]);
      }
      const { path } = group;
      return { warnings: [], [Symbol.dispose]: () => void (group !== own && remove([path])) };
    },
  };
}

/** Returns the reason why the kernel refuses to move the process into the group. */
async function enter(path: string, processId: number): Promise<Error | undefined> {
  try {
    await writeFile(join(path, "cgroup.procs"), String(processId));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

function cpuLimit({ version }: ControlGroup, cores: number): [file: string, value: string][] {
  const quota = String(Math.round(cores * PERIOD_US));
  const period = String(PERIOD_US);
  if (version === 2) return [["cpu.max", `${quota} ${period}`]];
  return [
    ["cpu.cfs_period_us", period],
    ["cpu.cfs_quota_us", quota],
  ];
}

/** Sets the limit of memory, swap included: what is swapped out would be beyond it. */
function limitMemory({ version, path }: ControlGroup, bytes: number): void {
  const value = String(bytes);
  if (version === 2) {
    writeFileSync(join(path, "memory.max"), value);
    writeWhereThere(join(path, "memory.swap.max"), "0");
    return;
  }
  const limit = join(path, "memory.limit_in_bytes");
  const withSwap = join(path, "memory.memsw.limit_in_bytes");
  // The limit with swap may never be the lower one.
  const rises = bytes > Number(readFileSync(limit, "utf8"));
  if (rises) writeWhereThere(withSwap, value);
  writeFileSync(limit, value);
  if (!rises) writeWhereThere(withSwap, value);
}

/** Kernels without swap accounting have no such file. */
function writeWhereThere(path: string, value: string): void {
  if (existsSync(path)) writeFileSync(path, value);
}

function outOfMemoryBytes({ version, path }: ControlGroup): number | undefined {
  const [events, peak] =
    version === 2 ? ["memory.events", "memory.peak"] : ["memory.oom_control", "memory.max_usage_in_bytes"];
  // A service manager may have removed the empty group.
  if (!existsSync(path)) return undefined;
  const ended = /^oom_kill (\d+)$/m.exec(readFileSync(join(path, events), "utf8"))?.[1];
  if (Number(ended ?? 0) === 0) return undefined;
  const measured = existsSync(join(path, peak)) ? peak : "memory.max";
  return Number(readFileSync(join(path, measured), "utf8"));
}

function unlimited(warnings: string[]): ReturnType<CpuGroups["hold"]> {
  return { warnings, [Symbol.dispose]() {} };
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeGroup(join(parent, name));
  }
}

/** Returns false when the kernel refuses, because a process is still in it. */
function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}
