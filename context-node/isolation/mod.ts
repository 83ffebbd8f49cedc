/**
 * The second wall: what the operating system keeps a context's process from, whatever its code manages to do inside Deno. Finds out what this machine
 * offers (bubblewrap, another user, a seccomp filter, control groups), starts Deno behind it, and says which walls stand. Imports
 * `proto` only. `lockdown.ts` runs inside Deno.
 */
export { findDeno } from "./deno_binary.ts";
export { findProgram, type Isolation, type IsolationMode, type IsolationOptions, startIsolation } from "./isolation.ts";
export type { HeldProcess, Launch } from "./launch.ts";
export { type CpuGroups, createProcessGroups, type ProcessGroups } from "./process_groups.ts";
