/**
 * What happened to jobs and contexts, as this gateway knows it: what nodes report and gateways decide goes in, durable states and events come
 * out. Imports the contract, `proto`, and the form of events.
 */
export { type ContextDecision, ContextRecord, isStarted } from "./contexts.ts";
export type { JobEnd } from "./followed.ts";
export { type Decision, JobRecord } from "./jobs.ts";
export { JobUnknown, type Report } from "./stored_jobs.ts";
