import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Controllers that are used. */
export type Controller = "cpu" | "memory" | "pids";

export const CONTROLLERS: readonly Controller[] = ["cpu", "memory", "pids"];

/** A group of processes that may be divided into subgroups, by controller. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/** The groups that may be divided, by controller, or the reason for none. */
export type ClaimedGroups = Readonly<Record<Controller, ControlGroup | { readonly obstacle: string }>>;

/** Subgroup for the node's own processes, because a divided group of version 2 may not contain processes. */
const OWN_GROUP = "hearth-node";

/**
 * Finds the groups of this process that may be divided, version 2 before version 1, and makes them ready. A group may be divided as root, or
 * where it is delegated (systemd: `Delegate=yes`). Called before any child process is started, so that those are born where this process
 * goes. `processFolder` is where the kernel shows the process: `/proc/self`.
 */
export function claimControlGroups(processFolder: string): ClaimedGroups {
  const found = findControlGroups(processFolder);
  const claim = (controller: Controller): ControlGroup | { readonly obstacle: string } => {
    const obstacles: string[] = [];
    for (const { version, path } of found.filter(({ controllers }) => controllers.includes(controller))) {
      try {
        prepare({ version, path }, controller);
        return { version, path };
      } catch (error) {
        obstacles.push((error as Error).message);
      }
    }
    return { obstacle: obstacles.join("; ") || `the system has no control groups of ${controller}` };
  };
  return { cpu: claim("cpu"), memory: claim("memory"), pids: claim("pids") };
}

/** Makes a group ready to be divided. Throws an Error that says why it cannot be. */
function prepare({ version, path }: ControlGroup, controller: Controller): void {
  if (version === 1) {
    // In version 1 a group may contain both processes and groups.
    accessSync(path, constants.W_OK);
    return;
  }
  const controllers = readFileSync(join(path, "cgroup.controllers"), "utf8");
  if (!controllers.split(/\s/).includes(controller))
    throw new Error(`the control group ${path} has no controller of ${controller}`);
  const children = join(path, "cgroup.subtree_control");
  if (readFileSync(children, "utf8").split(/\s/).includes(controller)) return;
  mkdirSync(join(path, OWN_GROUP), { recursive: true });
  writeFileSync(join(path, OWN_GROUP, "cgroup.procs"), String(process.pid));
  writeFileSync(children, `+${controller}`);
}

/**
 * The control groups that the process is in (https://man7.org/linux/man-pages/man7/cgroups.7.html,
 * https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
 */
function findControlGroups(processFolder: string): (ControlGroup & { readonly controllers: readonly Controller[] })[] {
  const memberships = readLines(join(processFolder, "cgroup")).map(parseMembership);
  const mounts = readLines(join(processFolder, "mountinfo")).map(parseMount);
  const groups = mounts.flatMap(({ mountRoot, mountPoint, type, options }) => {
    if (type !== "cgroup2" && type !== "cgroup") return [];
    const version = type === "cgroup2" ? 2 : 1;
    const controllers = version === 2 ? CONTROLLERS : CONTROLLERS.filter((controller) => options.includes(controller));
    const membership = memberships.find((each) =>
      version === 2
        ? each.controllers.join() === ""
        : controllers.some((controller) => each.controllers.includes(controller)),
    );
    if (membership === undefined || controllers.length === 0) return [];
    return [{ version, path: join(mountPoint, relative(mountRoot, membership.path)), controllers } as const];
  });
  return groups.sort((a, b) => b.version - a.version);
}
/** Empty if there is no such file: the system is not Linux. */
function readLines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

/** `4:cpu,cpuacct:/service`, or `0::/service` of version 2. */
function parseMembership(line: string): { controllers: string[]; path: string } {
  const [, controllers = "", ...path] = line.split(":");
  return { controllers: controllers.split(","), path: path.join(":") };
}

/** `32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu`. */
function parseMount(line: string) {
  const [place = "", what = ""] = line.split(" - ");
  const [, , , mountRoot = "", mountPoint = ""] = place.split(" ");
  const [type = "", , options = ""] = what.split(" ");
  return { mountRoot, mountPoint, type, options: options.split(",") };
}
