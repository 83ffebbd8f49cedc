/**
 * The first program of a context process inside Deno: gives up rights that the kernel would still grant, for all of its threads and for
 * good, and then the permission to call native code. A failure ends the process. Bundled by `lockdown_bundle.ts`.
 */

/** Constants that the bundle defines before this module. */
declare const PLAN: LockdownPlan;

export interface LockdownPlan {
  /** `seccomp(2)` of this architecture. */
  readonly seccompNumber: number;
  /** Base64 of the filter's instructions. Absent without a filter. */
  readonly filter: string | undefined;
  readonly ownPidOffset: number;
  /** `RLIMIT_*` and the most that the process may have of it. */
  readonly limits: readonly (readonly [resource: number, most: number])[];
}

interface NativeLibrary {
  readonly symbols: {
    prctl(option: number, a: bigint, b: bigint, c: bigint, d: bigint): number;
    syscall(number: bigint, a: bigint, b: bigint, pointer: Uint8Array): bigint;
    setrlimit(resource: number, pointer: BigUint64Array): number;
  };
}

/** Those parts of Deno that this program uses; the sandbox has all of its types, the node has none. */
declare const Deno: {
  readonly pid: number;
  dlopen(file: string, symbols: object): NativeLibrary;
  readonly UnsafePointer: { of(bytes: Uint8Array): object; value(pointer: object): bigint | number };
  readonly permissions: { revokeSync(permission: { name: "ffi" }): { state: string } };
};

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1n;
const SECCOMP_FILTER_FLAG_TSYNC = 1n;
const INSTRUCTION_BYTES = 8;

const libc = Deno.dlopen("libc.so.6", {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  syscall: { parameters: ["i64", "u64", "u64", "buffer"], result: "i64" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
}).symbols;

for (const [resource, most] of PLAN.limits) {
  const limit = BigUint64Array.of(BigInt(most), BigInt(most));
  succeed(`setrlimit ${resource}`, libc.setrlimit(resource, limit));
}
succeed("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n));
if (PLAN.filter !== undefined) confineCalls(Uint8Array.fromBase64(PLAN.filter));
if (Deno.permissions.revokeSync({ name: "ffi" }).state === "granted")
  throw new Error("The process may still call native code");

function confineCalls(instructions: Uint8Array): void {
  new DataView(instructions.buffer).setUint32(PLAN.ownPidOffset, Deno.pid, true);
  // `struct sock_fprog`: the number of instructions, and where they are.
  const program = new Uint8Array(16);
  const fields = new DataView(program.buffer);
  fields.setUint16(0, instructions.length / INSTRUCTION_BYTES, true);
  fields.setBigUint64(8, BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(instructions))), true);
  const { seccompNumber } = PLAN;
  // If threads could not follow, the result is the id of one of them.
  succeed("seccomp", libc.syscall(BigInt(seccompNumber), SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program));
}

function succeed(what: string, answer: number | bigint): void {
  if (Number(answer) !== 0) throw new Error(`The process cannot be locked down: ${what} answers ${answer}`);
}
