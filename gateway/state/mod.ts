/** The state of jobs and contexts in this gateway. Applies what nodes report and gateways decide, stores the result, and emits events. */
export { type ContextDecision, ContextRegistry, isStarted } from "./context_registry.ts";
export type { JobEnd } from "./followed.ts";
export { type Decision, JobRegistry } from "./job_registry.ts";
export { openState } from "./open.ts";
export { JobUnknown, type Report, unlessUnreadable } from "./stored_jobs.ts";
