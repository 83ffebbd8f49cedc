import { type Job, Job_State, type JobEvent } from "../../proto/mod.ts";

/** The durable end of a job. */
export interface JobEnd {
  readonly job: Job;
  /** The result as JSON, if it is stored with the job. */
  readonly result: Uint8Array | undefined;
}

/** An event that is applied in memory and will be published once it is stored. */
export interface UnpublishedEvent {
  readonly event: JobEvent;
  /** Resolves when the event is published or void. */
  readonly taken: PromiseWithResolvers<void>;
}

/** A job that this gateway dispatched, in memory until its end is durable. */
export interface Followed {
  job: Job;
  /** Node of the attempt. Empty when this gateway postponed the next attempt, or another one began it. */
  nodeId: string;
  /** Whether the session for its events is closed: until the next one opens, another gateway may receive them. */
  isOutOfTouch: boolean;
  readonly waiters: PromiseWithResolvers<JobEnd>[];
  readonly startWaiters: PromiseWithResolvers<Job>[];
  /** Set while the end of the attempt is being stored. Resolves to whether that event ended it. */
  ending: Promise<boolean> | undefined;
  /** Config of a job that is not stored yet. */
  unstored: Uint8Array | undefined;
  /** Events in order of `seq`. */
  unpublished: UnpublishedEvent[];
}

export function createFollowed(job: Job, nodeId: string): Followed {
  const waiting = { waiters: [], startWaiters: [], unpublished: [] };
  return { job, nodeId, isOutOfTouch: false, ...waiting, ending: undefined, unstored: undefined };
}

/** Takes the events up to this `seq`. */
export function takeUnpublished(followed: Followed, upTo = Number.POSITIVE_INFINITY): UnpublishedEvent[] {
  const { unpublished } = followed;
  const later = unpublished.findIndex(({ event }) => event.seq > upTo);
  return unpublished.splice(0, later === -1 ? unpublished.length : later);
}

/**
 * Continues with the job as stored. If another gateway began a later attempt, it receives the events: without a node, this gateway polls
 * the store.
 */
export function takeOver(followed: Followed, stored: Job): void {
  if (stored.attempt > followed.job.attempt) followed.nodeId = "";
  followed.job = stored;
}

/** Rejects everything that waits for the job. */
export function rejectWaiters({ waiters, startWaiters }: Followed, reason: unknown): void {
  for (const { reject } of [...waiters.splice(0), ...startWaiters.splice(0)]) reject(reason);
}

/** Whether the context has reported the first state of a job. */
export function hasArrived({ state, queuePosition }: Job): boolean {
  return state !== Job_State.QUEUED || queuePosition > 0;
}
