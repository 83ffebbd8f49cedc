import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { DriverCommand } from "./driver_command.ts";

/** Time that a trial of bubblewrap may take, in milliseconds. */
const TRIAL_MS = 10_000;

/** Folders in which other programs and users keep what is theirs. */
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

/** What resolves host names lies in a hidden folder on some systems. */
const NAME_SERVICE = ["/run/systemd/resolve", "/run/nscd", "/run/resolvconf"];

/** Descriptor to which bubblewrap writes the id of the process that it starts. */
export const INFO_DESCRIPTOR = 3;

/** Descriptor from which it reads arguments that no list of processes shows. */
export const ARGUMENTS_DESCRIPTOR = 4;

export interface ConfinementOptions {
  readonly bubblewrap: string;
  /** What drivers must not read: folders and files of the node. */
  readonly hidden: readonly string[];
  /** What drivers read although it may lie in a hidden folder: Java, Spark, jars, configuration. */
  readonly readable: readonly string[];
  /** Folders that drivers may write, beside their own. */
  readonly writable: readonly string[];
}

/** How a command line is run so that it does not see more of this machine than it needs. */
export interface Confinement {
  confine(command: DriverCommand): DriverCommand;
}

/**
 * Tries bubblewrap, and answers why it does not work on this machine. A driver has the network and reads what all users may read; other processes, homes of
 * users, and what the node keeps are hidden from it, and it writes nowhere but in its folder. A job is the code of whoever may upload jars: this
 * keeps it from other contexts and the node, not from the cluster.
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
      // Of bubblewrap itself, which is not confined: what a context sets, such as LD_PRELOAD, is for the driver alone.
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
    // No namespace of control groups: Java 17 reads its own limits from them, and fails where they do not match what is mounted.
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

/** Outer folders first: what is mounted later lies on top. */
function byDepth(one: string, other: string): number {
  return one.split("/").length - other.split("/").length || dirname(one).localeCompare(dirname(other));
}
