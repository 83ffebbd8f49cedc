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
  /** Node that was given the job. */
  nodeId: string;
  readonly waiters: PromiseWithResolvers<JobEnd>[];
  readonly startWaiters: ((job: Job) => void)[];
  /** The final event is being made durable. */
  ending: Promise<void> | undefined;
  /** The config of a job that the store does not have yet. */
  unstored: Uint8Array | undefined;
}

export function createFollowed(job: Job, nodeId: string): Followed {
  return { job, nodeId, waiters: [], startWaiters: [], ending: undefined, unstored: undefined };
}

/** Whether its context has said what becomes of a job at first. */
export function hasArrived({ state, queuePosition }: Job): boolean {
  return state !== Job_State.QUEUED || queuePosition > 0;
}
