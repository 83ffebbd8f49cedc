import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type ControlGroup, findControlGroups } from "./control_groups.ts";

/** The window in which the kernel counts, in microseconds: its own default. */
const PERIOD_US = 100_000;

/** Where our own processes go, because a group of version 2 that shares out CPU among groups may not hold processes itself. */
const OWN_GROUP = "hearth-node";

/** Processes that were given to a group of their own. */
export interface CpuGroups {
  /**
   * Holds a process to so many cores from now on; 0 means no limit. Where that cannot be done there is a warning for whoever
   * asked for it. Disposing it, when the process is gone, removes the group.
   */
  hold(
    contextId: string,
    wanted: { processId: number | undefined; cores: number },
  ): Disposable & { readonly warnings: string[] };
}

export interface CpuGroupsOptions {
  /** Where the kernel tells of this process: `/proc/self`. */
  readonly processFolder: string;
  readonly log: Pick<Logger, "info">;
}

/**
 * Limits CPU by control groups (https://docs.kernel.org/admin-guide/cgroup-v2.html, and version 1:
 * https://docs.kernel.org/scheduler/sched-bwc.html), where the group of this process is ours to divide: as root, or delegated (systemd:
 * `Delegate=yes`). Made before any child process is started, so that those are born where this process goes; says in the log why contexts
 * cannot be limited.
 */
export function createCpuGroups(options: CpuGroupsOptions): CpuGroups {
  const claimed = claimGroup(options.processFolder);
  if ("obstacle" in claimed) options.log.info({ why: claimed.obstacle }, "contexts cannot be held to cpuCores here");

  return {
    hold(contextId, { processId, cores }) {
      if (cores === 0 || processId === undefined) return unlimited([]);
      if ("obstacle" in claimed)
        return unlimited([`The context is not held to ${cores} CPU cores: ${claimed.obstacle}`]);
      const path = join(claimed.path, `hearth-context-${contextId}`);
      try {
        mkdirSync(path, { recursive: true });
        for (const [file, value] of limitOf(claimed, cores)) writeFileSync(join(path, file), value);
        writeFileSync(join(path, "cgroup.procs"), String(processId));
      } catch (error) {
        removeGroup(path);
        return unlimited([`The context is not held to ${cores} CPU cores: ${(error as Error).message}`]);
      }
      return { warnings: [], [Symbol.dispose]: () => removeGroup(path) };
    },
  };
}

function limitOf({ version }: ControlGroup, cores: number): [file: string, value: string][] {
  const quota = String(Math.round(cores * PERIOD_US));
  const period = String(PERIOD_US);
  if (version === 2) return [["cpu.max", `${quota} ${period}`]];
  return [
    ["cpu.cfs_period_us", period],
    ["cpu.cfs_quota_us", quota],
  ];
}

function unlimited(warnings: string[]): ReturnType<CpuGroups["hold"]> {
  return { warnings, [Symbol.dispose]() {} };
}

/** The first group whose children may be limited, or why there is none. */
function claimGroup(processFolder: string): ControlGroup | { readonly obstacle: string } {
  const obstacles: string[] = [];
  for (const group of findControlGroups(processFolder)) {
    try {
      prepare(group);
      return group;
    } catch (error) {
      obstacles.push((error as Error).message);
    }
  }
  return { obstacle: obstacles.join("; ") || "the system has no control groups of CPU" };
}

/** Makes a group ready to be divided. Throws an Error that says why it cannot be. */
function prepare({ version, path }: ControlGroup): void {
  // In version 1 a group may hold processes beside groups.
  if (version === 1) return;
  const controllers = readFileSync(join(path, "cgroup.controllers"), "utf8");
  if (!/\bcpu\b/.test(controllers)) throw new Error(`the control group ${path} has no CPU controller`);
  const children = join(path, "cgroup.subtree_control");
  if (/\bcpu\b/.test(readFileSync(children, "utf8"))) return;
  mkdirSync(join(path, OWN_GROUP), { recursive: true });
  writeFileSync(join(path, OWN_GROUP, "cgroup.procs"), String(process.pid));
  writeFileSync(children, "+cpu");
}

/** The kernel refuses while a process is in it; one that is left behind is empty and costs nothing. */
function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    return;
  }
}
