/** Contexts: the table of those that the node holds, their memory, slots and queues, their start, restart and stop. */
export { DEFAULT_MEMORY_BYTES, DEFAULT_SPARK_MEMORY_BYTES } from "./settings.ts";
export { ContextTable } from "./table.ts";
