/**
 * Contexts: which are held, the room they were promised, their slots and queues, how they start and stop. May import
 * `proto`, jobs, events, blobs, sessions, isolation and the runtime's interface.
 */
export { DEFAULT_MEMORY_BYTES, DEFAULT_SPARK_MEMORY_BYTES } from "./settings.ts";
export { ContextTable } from "./table.ts";
