/** Intake: applies what nodes report to jobs and contexts, and marks as lost what no node holds. */
export { cancelIdleJob, loseJob, loseJobs } from "./mark_lost.ts";
export { retryDelayMs, toMs } from "./retry_delay.ts";
export { createEventIntake, type EventIntake } from "./session_events.ts";
