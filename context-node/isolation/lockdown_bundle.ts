import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { LockdownPlan } from "./lockdown.ts";
import { createSyscallFilter, type SyscallPolicy } from "./syscall_policy.ts";

const SOURCE = fileURLToPath(new URL("./lockdown.ts", import.meta.url));

/** `seccomp(2)` by architecture. */
const SECCOMP_NUMBERS: Readonly<Record<string, number>> = { x64: 317, arm64: 277 };

/** `RLIMIT_*` of Linux. */
const RLIMIT = { FSIZE: 1, CORE: 4, NPROC: 6, NOFILE: 7, MEMLOCK: 8, MSGQUEUE: 12, NICE: 13, RTPRIO: 14 };

/** Descriptors: far above what executors and granted connections of a context take. */
const MOST_DESCRIPTORS = 4096;

/** Threads of a context: two per executor, and a few of Deno's. */
export const MOST_THREADS = 1024;

export interface Lockdown extends SyscallPolicy {
  /** The user of the process has no other one, so that its threads can be counted by the user. */
  readonly ownsUser: boolean;
}

/** The program that locks a Deno process down, as one module. */
export function buildLockdown(architecture: string, lockdown: Lockdown): string {
  const { outputFiles } = buildSync({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    tsconfigRaw: {},
    banner: { js: `const PLAN = ${JSON.stringify(planOf(architecture, lockdown))};` },
  });
  return outputFiles.map(({ text }) => text).join("");
}

function planOf(architecture: string, { ownsUser, ...policy }: Lockdown): LockdownPlan {
  const filter = createSyscallFilter(architecture, policy);
  return {
    seccompNumber: SECCOMP_NUMBERS[architecture] ?? 0,
    filter: filter && Buffer.from(filter.program).toString("base64"),
    ownPidOffset: filter?.ownPidOffset ?? 0,
    limits: [
      [RLIMIT.FSIZE, 0],
      [RLIMIT.CORE, 0],
      [RLIMIT.NOFILE, MOST_DESCRIPTORS],
      [RLIMIT.MEMLOCK, 0],
      [RLIMIT.MSGQUEUE, 0],
      [RLIMIT.NICE, 0],
      [RLIMIT.RTPRIO, 0],
      ...(ownsUser ? [[RLIMIT.NPROC, MOST_THREADS] as const] : []),
    ],
  };
}
