import { createRequire } from "node:module";
import { join } from "node:path";
import type { BundlerLimits } from "../bundler_limits.ts";

/** Memory that V8 reserves for machine code, in MiB; RLIMIT_DATA counts it whether it is used or not. */
const V8_CODE_RANGE_MEBIBYTES = 512;

/** Stack size for code that nests thousands of levels: half of the usual limit of a process. */
const STACK_KIBIBYTES = 3900;

/**
 * `ulimit -d` bounds the writable private memory of the process (RLIMIT_DATA; Linux enforces it, macOS does not), unlike `-v` not the
 * address space, of which V8 reserves far more than it uses. A lower existing limit stays. The subshell waits until the gateway's end of
 * stdin closes, and then kills the process, with its group if it leads one: while WebAssembly runs, the worker does not notice that the
 * gateway is gone.
 */
const LIMITED_EXEC = `(ulimit -d "$0") 2>/dev/null && ulimit -d "$0"; ulimit -c 0
exec 9<&0 </dev/null
(exec 2>&- 3>&-; read -r _ <&9; kill -9 -$$ || kill -9 $$) &
exec "$@" 9<&-`;

/** Folders that a worker may read: its own code, and its packages. Node denies all other access to files, processes, threads and sockets. */
const READABLE = [
  join(import.meta.dirname, ".."),
  join(import.meta.dirname, "../../../lib/zip"),
  ...packageFolders(["acorn", "esbuild-wasm", "tar-stream"]),
];

/**
 * The command of a Node process that can only compute: it can read its own code, but not other files, and cannot write, start processes or
 * threads, or use the network. Append the module to run, and pass a pipe as stdin.
 */
export function isolatedNode({ memoryBytes }: BundlerLimits): { readonly command: string; readonly args: string[] } {
  const mebibytes = Math.floor(memoryBytes / 1024 / 1024);
  const node = [
    process.execPath,
    `--max-old-space-size=${Math.ceil(mebibytes / 4)}`,
    `--stack-size=${STACK_KIBIBYTES}`,
    "--permission",
    ...READABLE.map((folder) => `--allow-fs-read=${folder}/*`),
  ];
  return { command: "/bin/sh", args: ["-c", LIMITED_EXEC, `${(mebibytes + V8_CODE_RANGE_MEBIBYTES) * 1024}`, ...node] };
}

/** The `node_modules` folders with the packages and all their dependencies. */
function packageFolders(names: readonly string[]): string[] {
  const { resolve } = createRequire(import.meta.url);
  return [...new Set(names.map((name) => resolve(name).replace(/(?<=\/node_modules)\/.*$/s, "")))];
}
