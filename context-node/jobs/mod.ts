/**
 * One job's life on the node: it waits, runs, is asked to end, ends; what it reports on the way. Knows nothing of slots:
 * those are its context's. May import `proto`, events, blobs, sessions and the runtime's interface.
 */
export type { HeldAttempt } from "./attempt_events.ts";
export { HostedJob, type JobDeps, type JobOwner } from "./job.ts";
export { JobQueue } from "./queue.ts";
export { failed, lost, lostReason } from "./verdict.ts";
