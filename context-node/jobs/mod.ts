/** The life of one attempt on the node: it waits, runs, reports and ends. Slots belong to its context. */

export { failed, lost, lostReason } from "./attempt_end.ts";
export type { HeldAttempt } from "./attempt_events.ts";
export { HostedJob, type JobDeps, type JobOwner } from "./job.ts";
export { JobQueue } from "./queue.ts";
