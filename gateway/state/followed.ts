import { type Job, Job_State, type JobEvent } from "../../proto/mod.ts";

/** The end of a job, durable in the record. */
export interface JobEnd {
  readonly job: Job;
  /** The JSON that it returned, when that is kept with the job. */
  readonly result: Uint8Array | undefined;
}

/** An event that is applied in memory, and published once it is stored. */
export interface UnpublishedEvent {
  readonly event: JobEvent;
  /** Resolves when the event is published, or void. */
  readonly taken: PromiseWithResolvers<void>;
}

/** A job that this gateway dispatched, as it keeps it in memory until the end is durable. */
export interface Followed {
  job: Job;
  /** Node that was given the job; empty where this gateway put its next attempt off, or another gateway began it. */
  nodeId: string;
  /** The session that was to bring its events is over: until the next one comes, another gateway may receive them. */
  isOutOfTouch: boolean;
  readonly waiters: PromiseWithResolvers<JobEnd>[];
  readonly startWaiters: PromiseWithResolvers<Job>[];
  /** The end of its attempt is being made durable; whether the event was what ended it. */
  ending: Promise<boolean> | undefined;
  /** The config of a job that the store does not have yet. */
  unstored: Uint8Array | undefined;
  /** In the order of their numbers. */
  unpublished: UnpublishedEvent[];
}

export function createFollowed(job: Job, nodeId: string): Followed {
  const waiting = { waiters: [], startWaiters: [], unpublished: [] };
  return { job, nodeId, isOutOfTouch: false, ...waiting, ending: undefined, unstored: undefined };
}

/** The events up to this number, which are left to their receiver. */
export function takeUnpublished(followed: Followed, upTo = Number.POSITIVE_INFINITY): UnpublishedEvent[] {
  const { unpublished } = followed;
  const later = unpublished.findIndex(({ event }) => event.seq > upTo);
  return unpublished.splice(0, later === -1 ? unpublished.length : later);
}

/**
 * Goes on with the job as the store has it. Another gateway that began a later attempt receives its events: without a node, this one polls
 * the store.
 */
export function takeOver(followed: Followed, stored: Job): void {
  if (stored.attempt > followed.job.attempt) followed.nodeId = "";
  followed.job = stored;
}

/** Rejects the waits of everybody who waits for the job. */
export function rejectWaiters({ waiters, startWaiters }: Followed, reason: unknown): void {
  for (const { reject } of [...waiters.splice(0), ...startWaiters.splice(0)]) reject(reason);
}

/** Whether its context has said what becomes of a job at first. */
export function hasArrived({ state, queuePosition }: Job): boolean {
  return state !== Job_State.QUEUED || queuePosition > 0;
}
