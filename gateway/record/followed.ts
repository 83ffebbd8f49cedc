import { type Job, Job_State } from "../../proto/mod.ts";

/** The end of a job, durable in the record. */
export interface JobEnd {
  readonly job: Job;
  /** The JSON that it returned, when that is kept with the job. */
  readonly result: Uint8Array | undefined;
}

/** A job that this gateway dispatched, as it keeps it in memory until the end is durable. */
export interface Followed {
  job: Job;
  /** Node that was given the job; empty where this gateway put its next attempt off, or another gateway began it. */
  nodeId: string;
  readonly waiters: PromiseWithResolvers<JobEnd>[];
  readonly startWaiters: PromiseWithResolvers<Job>[];
  /** The final event is being made durable; whether it was that which ended the job. */
  ending: Promise<boolean> | undefined;
  /** The config of a job that the store does not have yet. */
  unstored: Uint8Array | undefined;
}

export function createFollowed(job: Job, nodeId: string): Followed {
  return { job, nodeId, waiters: [], startWaiters: [], ending: undefined, unstored: undefined };
}

/**
 * Goes on with the job as the store has it. Another gateway that began a later attempt receives its events: without a node, this one polls
 * the store.
 */
export function takeOver(followed: Followed, stored: Job): void {
  if (stored.attempt > followed.job.attempt) followed.nodeId = "";
  followed.job = stored;
}

/** Tells all who wait for the job that it will not come. */
export function giveUp({ waiters, startWaiters }: Followed, reason: unknown): void {
  for (const { reject } of [...waiters, ...startWaiters]) reject(reason);
}

/** Whether its context has said what becomes of a job at first. */
export function hasArrived({ state, queuePosition }: Job): boolean {
  return state !== Job_State.QUEUED || queuePosition > 0;
}
