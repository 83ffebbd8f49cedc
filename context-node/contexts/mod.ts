/**
 * Contexts: which are held, the room they were promised, their slots and queues, how they start and stop. May import
 * `proto`, jobs, events, blobs, sessions, isolation and the runtime's interface.
 */
export { ContextTable } from "./table.ts";
