/** A hostile program in place of Hearth's own, behind the walls of a context. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createProcessGroups,
  findDeno,
  type Isolation,
  type IsolationOptions,
  type ProcessGroups,
  startIsolation,
} from "../mod.ts";
import { SYSCALLS } from "../syscalls.ts";

export const QUIET = { info() {}, warn() {} };

export const MEBIBYTE = 1024 * 1024;

export function createTestGroups(): ProcessGroups {
  return createProcessGroups({ processFolder: "/proc/self", log: QUIET });
}

/** Isolation as a node starts it here. */
export function startTestIsolation(
  options: Partial<IsolationOptions> = {},
  log: Parameters<typeof startIsolation>[0]["log"] = QUIET,
): Promise<Isolation> {
  return startIsolation({ groups: createTestGroups(), log }, { mode: "auto", deno: findDeno(), ...options });
}

export interface HostileEnd {
  /** Its output, as lines. */
  readonly output: string[];
  readonly errors: string;
  /** The signal that ended it, inside or outside of a box. */
  readonly signal: number | undefined;
  readonly code: number | null;
  readonly outOfMemoryBytes: number | undefined;
}

export interface HostileProgram {
  /** Ends when the program does. */
  readonly ended: Promise<HostileEnd>;
  /** Resolves when it has printed a line that starts with this. */
  printed(start: string): Promise<string>;
  processId(): number | undefined;
  outsidePid(): number | undefined;
  kill(): void;
}

/**
 * Starts a program in place of Hearth's own that has broken out of Deno: it has all permissions, and `native(name, parameters, result)`
 * calls the C library.
 */
export function startHostile(
  isolation: Isolation,
  source: string,
  { net = false, memoryBytes = 512 * MEBIBYTE }: { net?: boolean; memoryBytes?: number } = {},
): HostileProgram {
  const folder = mkdtempSync(join(tmpdir(), "hearth-hostile-"));
  const mainModule = join(folder, "main.js");
  writeFileSync(mainModule, `${PRELUDE}\n${source}\n`);
  const launch = isolation.launch({
    args: ["run", "--quiet", "--no-prompt", "--no-lock", ...PERMISSIONS, `--preload=${PRELOAD}`],
    ...{ mainModule, env: { NO_COLOR: "1" }, net, memoryBytes, firstDescriptor: 3 },
  });
  const child = spawn(launch.file, launch.args, {
    ...launch.options,
    stdio: ["ignore", "pipe", "pipe", ...launch.stdio],
  });
  const held = launch.hold(child);
  let text = "";
  let errors = "";
  const checks = new Set<() => void>();
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk;
    for (const check of checks) check();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = new Promise<HostileEnd>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const inner = code !== null && code > 128 ? code - 128 : undefined;
      const outOfMemoryBytes = held.outOfMemoryBytes();
      held[Symbol.dispose]();
      rmSync(folder, { recursive: true });
      const number = signal === null ? inner : SIGNALS[signal];
      resolve({ output: text.split("\n").filter(Boolean), errors, signal: number, code, outOfMemoryBytes });
    });
  });
  return {
    ended,
    printed: (start) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const check = (): void => {
        const line = text.split("\n").find((each) => each.startsWith(start));
        if (line === undefined) return;
        checks.delete(check);
        resolve(line);
      };
      checks.add(check);
      check();
      ended.then(({ errors: words }) => reject(new Error(`It ended before it printed "${start}": ${words}`)), reject);
      return promise;
    },
    processId: () => held.processId(),
    outsidePid: () => child.pid,
    kill: () => held.kill(),
  };
}

const SIGNALS: Readonly<Record<string, number>> = { SIGKILL: 9, SIGSEGV: 11, SIGSYS: 31, SIGABRT: 6, SIGTRAP: 5 };

/** All permissions except native code, which isolation grants and revokes. */
const PERMISSIONS = ["read", "write", "net", "env", "run", "sys"].map((name) => `--allow-${name}`);

/** Keeps the C library across the lockdown, which revokes the permission to load it: as if V8 itself had been broken. */
const PRELOAD = `data:text/javascript,${encodeURIComponent(`
  const word = "u64";
  const { symbols } = Deno.dlopen("libc.so.6", {
    syscall: { parameters: ["i64", word, word, word, word, word, word], result: "i64" },
    __errno_location: { parameters: [], result: "pointer" },
    addressOf: { name: "memcpy", parameters: ["buffer", word, word], result: word },
    copyFrom: { name: "memcpy", parameters: ["buffer", "pointer", word], result: word },
    pthread_create: { parameters: ["buffer", "pointer", "pointer", word], result: "i32" },
    sleep: { type: "pointer" },
  });
  globalThis.libc = symbols;
`)}`;

/** Calls system calls by name, with numbers, bytes, or texts. Returns the value, or `errno N`. */
const PRELUDE = `
const NR = ${JSON.stringify(Object.fromEntries(Object.entries(SYSCALLS).map(([name, numbers]) => [name, numbers[process.arch === "arm64" ? 1 : 0]])))};
const bytesOf = (value) => typeof value === "string" ? new TextEncoder().encode(value + "\\0") : value;
const wordOf = (value) => BigInt.asUintN(64, typeof value === "object" ? BigInt(libc.addressOf(value, 0n, 0n)) : BigInt(value));
const errno = new Int32Array(1);
const errnoBytes = new Uint8Array(errno.buffer);
const errnoPlace = libc.__errno_location();
function syscall(number, ...values) {
  const words = [...values, 0, 0, 0, 0, 0, 0].slice(0, 6).map(bytesOf).map(wordOf);
  const answer = libc.syscall(BigInt(number), ...words);
  // Allocates nothing before errno is read: garbage collection makes system calls too.
  libc.copyFrom(errnoBytes, errnoPlace, 4n);
  return answer === -1n ? "errno " + errno[0] : Number(answer);
}
const open = (path, flags = 0) => syscall(NR.openat, -100, path, flags, 0o600);
const attempt = (action) => { try { console.log(String(action())); } catch (error) { console.log(error.name + ": " + error.message); } };
`;
