import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** A group of processes whose CPU may be divided among groups below it. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/**
 * The control groups of this process that could share out CPU, those of version 2 first. `processFolder` is where the kernel tells of the
 * process: `/proc/self` (https://man7.org/linux/man-pages/man7/cgroups.7.html, https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
 */
export function findControlGroups(processFolder: string): ControlGroup[] {
  const memberships = readLines(join(processFolder, "cgroup")).map(parseMembership);
  const groups: ControlGroup[] = [];
  for (const { mountRoot, mountPoint, type, options } of readLines(join(processFolder, "mountinfo")).map(parseMount)) {
    const version = type === "cgroup2" ? 2 : 1;
    if (version === 1 && (type !== "cgroup" || !options.includes("cpu"))) continue;
    const membership = memberships.find(({ controllers }) =>
      version === 2 ? controllers.join() === "" : controllers.includes("cpu"),
    );
    if (membership !== undefined)
      groups.push({ version, path: join(mountPoint, relative(mountRoot, membership.path)) });
  }
  return groups.sort((a, b) => b.version - a.version);
}

/** None where there is no such file: the system is no Linux. */
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
