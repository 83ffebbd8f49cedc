/**
 * The Deno runtime: a sandbox is a Deno process without permissions, its executors are workers of that process. This folder is the
 * node's side; `sandbox/` runs inside Deno. Imports `context-node/runtime`, `context-node/isolation` and `proto`, and of `sandbox/` the protocol and
 * the outbox that both sides use.
 */
export { type DenoRuntimeOptions, startDenoRuntime } from "./runtime.ts";
