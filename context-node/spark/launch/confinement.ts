import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { DriverCommand } from "./driver_command.ts";

/** Time limit for the trial of bubblewrap, in milliseconds. */
const TRIAL_MS = 10_000;

/** Folders and files with data of other programs and users. */
const HIDDEN = [
  "/root",
  "/home",
  "/tmp",
  "/var/tmp",
  "/run",
  "/etc/shadow",
  "/etc/gshadow",
  "/etc/ssh",
  "/etc/ssl/private",
];

/** Sockets that resolve host names, which some systems have in a hidden folder. */
const NAME_SERVICE = ["/run/systemd/resolve", "/run/nscd", "/run/resolvconf"];

/** File descriptor to which bubblewrap writes the id of the process that it starts. */
export const INFO_DESCRIPTOR = 3;

/** File descriptor from which bubblewrap reads arguments, so that no list of processes shows them. */
export const ARGUMENTS_DESCRIPTOR = 4;

export interface ConfinementOptions {
  readonly bubblewrap: string;
  /** Folders and files of the node that drivers must not read. */
  readonly hidden: readonly string[];
  /** Paths that drivers may read even in a hidden folder: Java, Spark, jars, configuration. */
  readonly readable: readonly string[];
  /** Folders that drivers may write, in addition to their own. */
  readonly writable: readonly string[];
}

/** Confines processes to what they need of this machine. */
export interface Confinement {
  confine(command: DriverCommand): DriverCommand;
}

/**
 * Tries bubblewrap, and resolves to an obstacle if it does not work on this machine. A confined driver has the network, reads what all users
 * may read, and writes only in its folder. It sees no other processes, no homes of users, and no data of the node. This protects other contexts
 * and the node from the code in uploaded jars; it does not protect the cluster.
 */
export async function tryConfinement(options: ConfinementOptions): Promise<Confinement | { obstacle: string }> {
  const box = boxArguments(options);
  const [trial] = await Promise.allSettled([
    promisify(execFile)(options.bubblewrap, [...box, "--", "/bin/true"], { timeout: TRIAL_MS, env: {} }),
  ]);
  if (trial.status === "rejected") return { obstacle: String(trial.reason.message).trim() };
  return {
    confine: ({ file, args, env, folder }) => ({
      file: options.bubblewrap,
      args: [
        ...["--info-fd", String(INFO_DESCRIPTOR), "--args", String(ARGUMENTS_DESCRIPTOR), ...box],
        ...["--bind", folder, folder, "--chdir", folder, "--", file, ...args],
      ],
      // The environment of bubblewrap itself, which is not confined: variables of a context, such as LD_PRELOAD, must reach the driver alone.
      env: {},
      folder,
      hiddenArguments: Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
    }),
  };
}

function boxArguments({ hidden, readable, writable }: ConfinementOptions): string[] {
  const covered = [...new Set([...HIDDEN, homedir(), ...hidden])].filter((path) => existsSync(path));
  const seen = [...new Set([...NAME_SERVICE, ...readable])].filter((path) => existsSync(path));
  return [
    // No cgroup namespace: Java 17 reads its limits from the mounted control groups, and fails if they do not match.
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--die-with-parent"],
    ...["--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"],
    ...covered.sort(byDepth).flatMap(cover),
    ...seen.sort(byDepth).flatMap((path) => ["--ro-bind", path, path]),
    ...writable.flatMap((path) => ["--bind", path, path]),
  ];
}

function cover(path: string): string[] {
  return statSync(path).isDirectory() ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path];
}

/** Sorts outer folders first: a later mount covers an earlier one. */
function byDepth(one: string, other: string): number {
  return one.split("/").length - other.split("/").length || dirname(one).localeCompare(dirname(other));
}
