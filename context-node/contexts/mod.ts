/** Contexts: the table of those that the node holds, their memory, slots and queues, their start, restart and stop. */
export { ContextTable } from "./table.ts";
