import { readFileSync } from "node:fs";
import { NodeWall_Kind as Kind, type NodeWall } from "../../proto/node.ts";
import type { ProcessGroups } from "./process_groups.ts";

/** What the kernel shows of another process. */
interface Observed {
  readonly isOtherUser: boolean;
  readonly isFiltered: boolean;
  readonly isPrivileged: boolean;
  readonly isLimited: boolean;
}

interface Circumstances {
  readonly groups: ProcessGroups;
  /** Bubblewrap made it namespaces: it ends where it cannot make one. */
  readonly isBoxed: boolean;
  /** Why it was not started in a stronger way. */
  readonly obstacle: string | undefined;
}

/** Determines the walls around a process without network from what the kernel shows of it. */
export function observeWalls(processId: number, circumstances: Circumstances): NodeWall[] {
  const { groups, obstacle = "the node may not do that" } = circumstances;
  return Array.from(standing(observe(processId), circumstances), ([kind, detail]) => ({
    kind,
    stands: detail !== undefined,
    detail: detail ?? (kind === Kind.RESOURCES ? polledOnly(groups) : undefined) ?? obstacle,
  }));
}

/** The walls with their strength; undefined for an absent one. */
function standing(
  { isOtherUser, isFiltered, isPrivileged, isLimited }: Observed,
  { groups, isBoxed }: Circumstances,
): Map<Kind, string | undefined> {
  const stronger = (namespace: string, filter: string): string | undefined =>
    isBoxed ? namespace : isFiltered ? filter : undefined;
  return new Map([
    [Kind.USER, isOtherUser ? "a user for each process" : isBoxed ? "a user namespace" : undefined],
    [
      Kind.FILES,
      stronger(
        "a mount namespace without a folder that can be written",
        "seccomp: no file is opened; with network granted, none but for reading",
      ),
    ],
    [
      Kind.PROCESSES,
      stronger("namespaces of processes, IPC, host name and control groups", "seccomp: no signals, no tracing, no IPC"),
    ],
    [
      Kind.NETWORK,
      stronger("a network namespace, unless network is granted", "seccomp: no sockets, unless network is granted"),
    ],
    [Kind.SYSCALLS, isFiltered ? "a seccomp filter allows what Deno needs" : undefined],
    [Kind.PRIVILEGES, isPrivileged ? undefined : "no capabilities, no new privileges"],
    [Kind.LIMITS, isLimited ? "file size, descriptors, core, locked memory" : undefined],
    [Kind.RESOURCES, polledOnly(groups) === undefined ? "control groups of memory and threads" : undefined],
  ]);
}

/** Why memory or threads are not held by control groups. */
function polledOnly(groups: ProcessGroups): string | undefined {
  const obstacles = new Set((["memory", "pids"] as const).flatMap((controller) => groups.obstacle(controller) ?? []));
  return obstacles.size === 0 ? undefined : `memory is polled instead: ${[...obstacles].join("; ")}`;
}

function observe(processId: number): Observed {
  const field = (id: number | "self", name: string): string =>
    new RegExp(`^${name}:\\s+(.*)$`, "m").exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? "";
  // In a container this process has filters already. Kernels before 5.9 do not count them.
  const filters = (id: number | "self"): number => Number(field(id, "Seccomp_filters") || field(id, "Seccomp"));
  // Inheritable ones are of no use to a process that can start no program.
  const capabilities = ["CapPrm", "CapEff", "CapAmb"].map((name) => field(processId, name));
  return {
    isOtherUser: field(processId, "Uid")
      .split(/\s+/)
      .every((id) => Number(id) !== process.getuid?.()),
    isFiltered: filters(processId) > filters("self"),
    isPrivileged: field(processId, "NoNewPrivs") !== "1" || capabilities.some((set) => /[^0]/.test(set)),
    isLimited: /^Max core file size\s+0\s+0\s/m.test(readFileSync(`/proc/${processId}/limits`, "utf8")),
  };
}
