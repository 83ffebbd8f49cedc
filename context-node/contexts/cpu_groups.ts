import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";

/** The window in which the kernel counts, in microseconds: its own default. */
const PERIOD_US = 100_000;

/** Where our own processes go, because a group that shares out CPU among groups may not hold processes itself. */
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
  /** Mount point of the cgroup file system, version 2. */
  readonly root: string;
  /** The file that says in which group this process is. */
  readonly membership: string;
  readonly log: Pick<Logger, "info">;
}

/**
 * Limits CPU by control groups, version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html), where the group of this process
 * is ours to divide: as root, or delegated (systemd: `Delegate=yes`). Made before any child process is started, so that those
 * are born where this process goes; says in the log why contexts cannot be limited.
 */
export function createCpuGroups(options: CpuGroupsOptions): CpuGroups {
  let parent: string | undefined;
  let obstacle = "";
  try {
    parent = claimGroup(options);
  } catch (error) {
    obstacle = (error as Error).message;
    options.log.info({ why: obstacle }, "contexts cannot be held to cpuCores here");
  }

  return {
    hold(contextId, { processId, cores }) {
      if (cores === 0 || processId === undefined) return unlimited([]);
      if (parent === undefined) return unlimited([`The context is not held to ${cores} CPU cores: ${obstacle}`]);
      const path = join(parent, `hearth-context-${contextId}`);
      try {
        mkdirSync(path, { recursive: true });
        writeFileSync(join(path, "cpu.max"), `${Math.round(cores * PERIOD_US)} ${PERIOD_US}`);
        writeFileSync(join(path, "cgroup.procs"), String(processId));
      } catch (error) {
        return unlimited([`The context is not held to ${cores} CPU cores: ${(error as Error).message}`]);
      }
      return { warnings: [], [Symbol.dispose]: () => removeGroup(path) };
    },
  };
}

function unlimited(warnings: string[]): ReturnType<CpuGroups["hold"]> {
  return { warnings, [Symbol.dispose]() {} };
}

/** Answers a group whose children may be limited. Throws an Error that says why there is none. */
function claimGroup({ root, membership }: CpuGroupsOptions): string {
  const path = /^0::(.*)$/m.exec(readFileSync(membership, "utf8"))?.[1];
  if (path === undefined) throw new Error("the system has no control groups of version 2");
  const own = join(root, path);
  if (!existsSync(join(own, "cgroup.controllers")))
    throw new Error(`${root} does not show control groups of version 2`);
  const controllers = readFileSync(join(own, "cgroup.controllers"), "utf8");
  if (!/\bcpu\b/.test(controllers)) throw new Error(`the control group ${path} has no CPU controller`);
  const children = join(own, "cgroup.subtree_control");
  if (/\bcpu\b/.test(readFileSync(children, "utf8"))) return own;
  mkdirSync(join(own, OWN_GROUP), { recursive: true });
  writeFileSync(join(own, OWN_GROUP, "cgroup.procs"), String(process.pid));
  writeFileSync(children, "+cpu");
  return own;
}

/** The kernel refuses while a process is in it; one that is left behind is empty and costs nothing. */
function removeGroup(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    return;
  }
}
