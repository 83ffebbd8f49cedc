/**
 * What happened to jobs and contexts, as this gateway knows it: events in, durable states out. Both ways that events take,
 * session and JetStream, end here. Imports the contract and `proto` only.
 */
export { ContextRecord, isStarted } from "./contexts.ts";
export type { JobEnd } from "./followed.ts";
export { JobRecord } from "./jobs.ts";
export { SEQ_LEAP } from "./seq_leap.ts";
