/**
 * The Deno runtime. A sandbox is a Deno process without permissions; its executors are workers of that process. `sandbox/` runs inside Deno. The other
 * folders are the node's side: `process` starts processes, `channel` exchanges messages with them, `executors` and `jobs` keep their state, `stacks` maps stack
 * traces to source files, and `watches` ends what misbehaves. They import from `sandbox/` only the messages, their bounds and the outbox.
 */
export { type DenoRuntimeOptions, startDenoRuntime } from "./runtime.ts";
