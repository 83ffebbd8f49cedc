/**
 * The second wall: confines a context's process by the operating system, whatever its code does inside Deno. Detects what the machine
 * offers (bubblewrap, another user, a seccomp filter, control groups), starts Deno behind it, and reports the walls. `lockdown.ts` runs
 * inside Deno.
 */
export { findDeno } from "./deno_binary.ts";
export { findProgram, type Isolation, type IsolationMode, type IsolationOptions, startIsolation } from "./isolation.ts";
export type { HeldProcess, Launch } from "./launch.ts";
export { type CpuGroups, createProcessGroups, type ProcessGroups } from "./process_groups.ts";
