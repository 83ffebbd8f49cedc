import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { nameServiceLibraries } from "./shared_libraries.ts";

/** Folder of programs in the sandbox. */
const DENO = "/deno";
const SETPRIV = "/setpriv";
export const PROGRAM_FOLDER = "/hearth";
export const CACHE_FOLDER = "/cache";

/** Files that resolving host names needs. */
const NAME_SERVICE_FILES = [
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
  "/etc/services",
];

/** Programs of this machine that build a sandbox. */
export interface BubblewrapTools {
  readonly bwrap: string;
  readonly deno: string;
  /** By the paths that the dynamic loader looks for. */
  readonly libraries: readonly string[];
  /** Makes the process another user; absent where bubblewrap makes a user namespace instead. */
  readonly setpriv: string | undefined;
}

export interface BoxedProgram {
  /** Folder on this machine that the sandbox sees at `PROGRAM_FOLDER`. */
  readonly folder: string;
  /** Folder on this machine that it sees at `CACHE_FOLDER`, of its user; Deno opens its cache there before it is locked down. */
  readonly cache: string | undefined;
  readonly denoArguments: readonly string[];
  /** Id of the user and the group that it runs as; with `setpriv` only. */
  readonly user: number;
  readonly net: boolean;
  /** The descriptor to which bubblewrap writes the id of the process. */
  readonly infoDescriptor: number;
}

/**
 * Arguments of bubblewrap (`bwrap(1)`, 0.7 or newer) for a process with nothing but its program: read-only files, no writable folder, no
 * devices, no `/proc` except the two files that Deno reads, and separate namespaces.
 */
export function bubblewrapArguments(tools: BubblewrapTools, program: BoxedProgram): string[] {
  const { setpriv, deno } = tools;
  const { folder, cache, denoArguments, user, net, infoDescriptor } = program;
  const files = [
    ...tools.libraries,
    ...(net
      ? [...nameServiceLibraries(tools.libraries), ...NAME_SERVICE_FILES.filter((path) => existsSync(path))]
      : []),
  ];
  return [
    ...["pid", "ipc", "uts", "cgroup"].map((namespace) => `--unshare-${namespace}`),
    ...(net ? [] : ["--unshare-net"]),
    ...(setpriv === undefined ? ["--unshare-user", "--uid", "65534", "--gid", "65534"] : []),
    // No separate session: the kernel's scheduler would group it apart from the node, which doubles the time of a warm job on a busy
    // machine. The filter of system calls refuses what a session protects from: typing into a terminal.
    ...["--hostname", "sandbox", "--as-pid-1", "--die-with-parent"],
    ...["--info-fd", String(infoDescriptor)],
    ...["--cap-drop", "ALL"],
    ...(setpriv === undefined ? [] : ["SETUID", "SETGID", "SETPCAP"].flatMap((name) => ["--cap-add", `CAP_${name}`])),
    // Folders that bubblewrap makes by the way would be closed to another user.
    ...foldersOf([...files, "/proc/self/exe"]).flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...files.flatMap((path) => readOnly(path, path)),
    ...readOnly(deno, DENO),
    ...readOnly(folder, PROGRAM_FOLDER),
    ...(cache === undefined ? [] : ["--bind", cache, CACHE_FOLDER]),
    ...(setpriv === undefined ? [] : readOnly(setpriv, SETPRIV)),
    // Deno ends when it does not find its own program, and reads there how much memory it has.
    ...["--symlink", DENO, "/proc/self/exe"],
    ...readOnly("/proc/self/statm", "/proc/self/statm"),
    ...["--remount-ro", "/", "--chdir", "/"],
    ...["--", ...(setpriv === undefined ? [] : becomeUser(user)), DENO, ...denoArguments],
  ];
}

function readOnly(source: string, target: string): string[] {
  return ["--ro-bind", source, target];
}

/** A unique user without groups and capabilities, now or later; killed when the sandbox's other half is gone. */
function becomeUser(user: number): string[] {
  const identity = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const privileges = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"];
  return [SETPRIV, ...identity, ...privileges, "--pdeathsig", "KILL", "--"];
}

/** All folders above some files, from the top. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  const add = (folder: string): void => {
    if (folder === "/" || folders.has(folder)) return;
    add(dirname(folder));
    folders.add(folder);
  };
  for (const path of paths) add(dirname(path));
  return [...folders];
}
