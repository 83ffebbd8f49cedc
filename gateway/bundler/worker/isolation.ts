import { createRequire } from "node:module";
import { join } from "node:path";
import type { BundlerLimits } from "../bundler_limits.ts";

/** V8 sets so much aside for machine code, whatever it uses of it, and RLIMIT_DATA counts it. */
const V8_CODE_RANGE_MEBIBYTES = 512;

/** For code that nests thousands of levels. Half of what systems give a process. */
const STACK_KIBIBYTES = 3900;

/**
 * `ulimit -d` bounds the writable private memory of the process (RLIMIT_DATA; Linux enforces it, macOS does not), unlike
 * `-v` not the address space, of which V8 reserves far more than it uses. It stays as it is where a lower limit is
 * already set.
 *
 * The part in parentheses waits until the gateway's end of stdin closes and then kills the process, with its group where it leads one: the worker does not notice that
 * the gateway is gone while WebAssembly runs in it.
 */
const LIMITED_EXEC = `(ulimit -d "$0") 2>/dev/null && ulimit -d "$0"; ulimit -c 0
exec 9<&0 </dev/null
(exec 2>&- 3>&-; read -r _ <&9; kill -9 -$$ || kill -9 $$) &
exec "$@" 9<&-`;

/** What a worker may read: its own code, and that of packages. Node denies it everything else: files, processes, threads, sockets. */
const READABLE = [
  join(import.meta.dirname, ".."),
  join(import.meta.dirname, "../../../lib/zip"),
  ...packageFolders(["acorn", "esbuild-wasm", "tar-stream"]),
];

/**
 * The command of a Node process that may do nothing but compute: it reads its own code, and cannot open other files, write, start processes
 * or threads, or reach the network. Append the module that it runs, and give it a pipe as stdin.
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

/** The `node_modules` folders that hold the packages with all that they import. */
function packageFolders(names: readonly string[]): string[] {
  const { resolve } = createRequire(import.meta.url);
  return [...new Set(names.map((name) => resolve(name).replace(/(?<=\/node_modules)\/.*$/s, "")))];
}
