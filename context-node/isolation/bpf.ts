/**
 * An assembler for the filters of seccomp: classic BPF over `struct seccomp_data`
 * (https://docs.kernel.org/userspace-api/seccomp_filter.html, `linux/filter.h`, `linux/seccomp.h`).
 */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip when the comparison holds, and when it does not. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Action of the kernel for a system call. */
export type Action = { readonly type: "allow" | "kill" } | { readonly type: "fail"; readonly errno: number };

/** A test of one argument of a system call, by its lower 32 bits; `isZero` tests all 64. */
export type Condition =
  | { readonly argument: number; readonly mask?: number; readonly oneOf: readonly number[] }
  | { readonly argument: number; readonly isZero: true };

/** A condition, and what happens where it does not hold. */
export type Guard = Condition & { readonly otherwise: Action };

/** Rules for the system calls of one number. */
export interface Rule {
  readonly number: number;
  /** All must hold for `action`; the first that does not decides. Default none. */
  readonly guards?: readonly Guard[];
  readonly action: Action;
}

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const AND = 0x54;
const RETURN = 0x06;

/** Offsets in `struct seccomp_data`. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;

const INSTRUCTION_BYTES = 8;

/** System calls of the x32 ABI of x64 have this bit. */
const X32_BIT = 0x40000000;

/** A filter: kills calls of another architecture, applies the first matching rule of a number, else the default. */
export function assembleFilter({
  architecture,
  rules,
  fallback,
}: {
  /** `AUDIT_ARCH_*` of `linux/audit.h`. */
  readonly architecture: number;
  readonly rules: readonly Rule[];
  readonly fallback: Action;
}): Uint8Array {
  const kill = returns({ type: "kill" });
  return encode([
    load(ARCHITECTURE),
    jumpIfEqual(architecture, { jt: 1, jf: 0 }),
    kill,
    load(NUMBER),
    { code: JUMP_IF_GREATER_OR_EQUAL, jt: 0, jf: 1, k: X32_BIT },
    kill,
    ...rules.flatMap(assembleRule),
    returns(fallback),
  ]);
}

function assembleRule({ number, guards = [], action }: Rule): Instruction[] {
  const body = [...guards.flatMap(assembleGuard), returns(action)];
  return [jumpIfEqual(number, { jt: 0, jf: body.length }), ...body];
}

/** Falls through when the condition holds, and returns otherwise. */
function assembleGuard(guard: Guard): Instruction[] {
  const low = ARGUMENTS + 8 * guard.argument;
  const fail = returns(guard.otherwise);
  if ("isZero" in guard) return [low, low + 4].flatMap((word) => [load(word), jumpIfEqual(0, { jt: 1, jf: 0 }), fail]);
  const { mask, oneOf } = guard;
  const masked: Instruction[] = mask === undefined ? [] : [{ code: AND, jt: 0, jf: 0, k: mask }];
  const comparisons = oneOf.map((value, index) => jumpIfEqual(value, { jt: oneOf.length - index, jf: 0 }));
  return [load(low), ...masked, ...comparisons, fail];
}

function load(offset: number): Instruction {
  return { code: LOAD_WORD, jt: 0, jf: 0, k: offset };
}

function jumpIfEqual(k: number, { jt, jf }: { jt: number; jf: number }): Instruction {
  return { code: JUMP_IF_EQUAL, jt, jf, k };
}

function returns(action: Action): Instruction {
  return { code: RETURN, jt: 0, jf: 0, k: returnValue(action) };
}

function returnValue(action: Action): number {
  switch (action.type) {
    case "allow":
      return 0x7fff0000;
    case "kill":
      return 0x80000000;
    case "fail":
      return 0x00050000 | action.errno;
    default:
      return action satisfies never;
  }
}

/** `struct sock_filter` after `struct sock_filter`, little-endian as both architectures are. */
function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(instructions.length * INSTRUCTION_BYTES));
  for (const [index, { code, jt, jf, k }] of instructions.entries()) {
    const offset = index * INSTRUCTION_BYTES;
    bytes.setUint16(offset, code, true);
    bytes.setUint8(offset + 2, jt);
    bytes.setUint8(offset + 3, jf);
    bytes.setUint32(offset + 4, k >>> 0, true);
  }
  return new Uint8Array(bytes.buffer);
}
