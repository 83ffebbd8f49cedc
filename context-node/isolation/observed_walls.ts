import { readFileSync, readlinkSync } from "node:fs";
import { NodeWall_Kind as Kind, type NodeWall } from "../../proto/node.ts";
import type { ProcessGroups } from "./process_groups.ts";

type Namespace = "user" | "mnt" | "pid" | "ipc" | "uts" | "cgroup" | "net";

/** What the kernel shows of a process. */
interface Observed {
  readonly owns: (namespace: Namespace) => boolean;
  readonly isOtherUser: boolean;
  readonly isFiltered: boolean;
  readonly hasPrivileges: boolean;
  readonly isLimited: boolean;
}

/**
 * Tells from what the kernel shows of a process, of no network, which walls stand around it. `obstacle` is why it was not started in a
 * stronger way.
 */
export function observeWalls(
  processId: number,
  { groups, obstacle }: { groups: ProcessGroups; obstacle: string | undefined },
): NodeWall[] {
  const observed = observe(processId);
  const { owns, isFiltered } = observed;
  const why = obstacle ?? "the node is not privileged to";
  const wall = (kind: Kind, stands: boolean, detail: string): NodeWall => ({ kind, stands, detail });
  const namespaces = (["pid", "ipc", "uts", "cgroup"] as const).filter(owns);
  const unlimited = (["memory", "pids"] as const).flatMap((controller) => groups.obstacle(controller) ?? []);
  const filterOnly = `the filter of system calls alone: ${why}`;
  return [
    wall(
      Kind.USER,
      observed.isOtherUser || owns("user"),
      observed.isOtherUser
        ? "a user id for each process"
        : owns("user")
          ? "a user namespace"
          : `the node's own user: ${why}`,
    ),
    wall(
      Kind.FILES,
      owns("mnt") || isFiltered,
      owns("mnt")
        ? "a mount namespace without a writable folder"
        : isFiltered
          ? `nothing opens; with network, reads as its user: ${filterOnly}`
          : why,
    ),
    wall(
      Kind.PROCESSES,
      namespaces.length === 4 || isFiltered,
      namespaces.length === 4
        ? "namespaces of processes, IPC, names and control groups"
        : isFiltered
          ? filterOnly
          : why,
    ),
    wall(
      Kind.NETWORK,
      owns("net") || isFiltered,
      owns("net")
        ? "a network namespace, unless network is granted"
        : isFiltered
          ? `no sockets, unless network is granted: ${filterOnly}`
          : why,
    ),
    wall(Kind.SYSCALLS, isFiltered, isFiltered ? "a seccomp filter that allows what Deno needs" : why),
    wall(Kind.PRIVILEGES, !observed.hasPrivileges, observed.hasPrivileges ? why : "no capabilities, no new privileges"),
    wall(Kind.LIMITS, observed.isLimited, observed.isLimited ? "file size, descriptors, core, locked memory" : why),
    wall(
      Kind.RESOURCES,
      unlimited.length === 0,
      unlimited.length === 0
        ? "control groups of memory and threads"
        : `memory is polled: ${[...new Set(unlimited)].join("; ")}`,
    ),
  ];
}

function observe(processId: number): Observed {
  const status = readFileSync(`/proc/${processId}/status`, "utf8");
  const field = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
  const limits = readFileSync(`/proc/${processId}/limits`, "utf8");
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map((name) => field(name));
  return {
    owns: (namespace) =>
      readlinkSync(`/proc/${processId}/ns/${namespace}`) !== readlinkSync(`/proc/self/ns/${namespace}`),
    isOtherUser: field("Uid")
      .split(/\s+/)
      .every((id) => Number(id) !== process.getuid?.()),
    isFiltered: field("Seccomp") === "2",
    hasPrivileges: field("NoNewPrivs") !== "1" || capabilities.some((set) => /[^0]/.test(set)),
    isLimited: /^Max core file size\s+0\s+0\s/m.test(limits),
  };
}
