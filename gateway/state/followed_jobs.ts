import type { Logger } from "pino";
import { type Dao, isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { applyJobEvent, endsAttempt, isFinalJob, type Job, type Job_State, type JobEvent } from "../../proto/mod.ts";
import { jobOutboxEvent } from "../events/mod.ts";
import { type Followed, hasArrived, type JobEnd, rejectWaiters, takeOver, takeUnpublished } from "./followed.ts";
import { PendingWrites } from "./pending_writes.ts";
import { RecentEvents } from "./recent_events.ts";
import { storeFollowed } from "./store_followed.ts";
import { hasCallback, isAttemptOver, type JobPublishing } from "./stored_jobs.ts";

interface FollowedJobsDeps {
  readonly dao: Dao;
  readonly publishing: JobPublishing;
  readonly log: Logger;
}

/** The end of an attempt of a followed job. */
interface AttemptEnd {
  readonly event: JobEvent;
  readonly result?: Uint8Array | undefined;
}

/**
 * The jobs that this gateway dispatched, in memory until their ends are durable. Every change is stored before it is published: ends at
 * once, other changes in batches. The revision in the store decides between gateways. Disposal stores pending changes.
 */
export class FollowedJobs implements AsyncDisposable {
  /** Ends that this gateway has recorded since its start. */
  readonly endedByState = new Map<Job_State, number>();
  readonly events = new RecentEvents();
  readonly pending: PendingWrites;
  readonly #deps: FollowedJobsDeps;
  readonly #byId = new Map<string, Followed>();

  constructor(deps: FollowedJobsDeps) {
    this.#deps = deps;
    this.pending = new PendingWrites({ log: deps.log, write: (followed) => this.write(followed) });
  }

  get(id: string): Followed | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<Followed> {
    return this.#byId.values();
  }

  add(followed: Followed): void {
    this.#byId.set(followed.job.id, followed);
  }

  /** Stops following a job. Returns undefined if it was not followed. */
  delete(id: string): Followed | undefined {
    const followed = this.#byId.get(id);
    this.#byId.delete(id);
    this.events.breakOff(id);
    if (followed === undefined) return undefined;
    this.pending.delete(followed);
    dropUnpublished(followed);
    return followed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pending[Symbol.asyncDispose]();
  }

  /** Applies an event of the current attempt. Resolves when it is stored and published or in the outbox, or void. */
  async apply(followed: Followed, { event, result }: AttemptEnd): Promise<void> {
    // A pending decision about the end of the attempt may fail.
    while (followed.ending !== undefined) if (await followed.ending) return;
    if (this.#byId.get(followed.job.id) !== followed) return;
    const next = followed.job.nextAttemptTime === undefined ? applyJobEvent(followed.job, event) : undefined;
    if (next === undefined) return followed.unpublished.find(({ event: { seq } }) => seq === event.seq)?.taken.promise;
    if (endsAttempt(event.event.case)) {
      await this.end(followed, { event, result });
      return;
    }
    followed.job = next;
    this.events.add(event);
    if (hasArrived(next)) this.resolveStarted(followed);
    const taken = Promise.withResolvers<void>();
    followed.unpublished.push({ event, taken });
    this.pending.add(followed);
    await taken.promise;
  }

  /** Resolves the waits for the start of a job: it has a slot, or waits for one. */
  resolveStarted({ job, startWaiters }: Followed): void {
    for (const { resolve } of startWaiters.splice(0)) resolve(job);
  }

  /** Stores the end of an attempt. Resolves to whether this event ended it. */
  end(followed: Followed, end: AttemptEnd): Promise<boolean> {
    followed.ending = this.#end(followed, end);
    return followed.ending;
  }

  /** Stores a job in its present state. */
  async write(followed: Followed): Promise<void> {
    if (this.#byId.get(followed.job.id) !== followed || followed.ending !== undefined) return;
    const { seq } = followed.job;
    if (await storeFollowed(this.#deps.dao, followed)) return this.#publish(followed, seq);
    const stored = await this.#deps.dao.jobs.get(followed.job.id);
    if (stored === undefined || followed.ending !== undefined) return;
    if (isFinalJob(stored.state)) return this.#settle(followed, stored);
    if (hasGoneOn(followed, stored)) return this.#giveUpTo(followed, stored);
    this.#applyAgain(followed, stored);
    return this.write(followed);
  }

  /** Re-reads a job: another gateway may have changed it, recorded its end, or begun its next attempt. */
  async refresh(followed: Followed): Promise<void> {
    if (followed.ending !== undefined) return;
    this.events.breakOff(followed.job.id);
    const stored = await this.read(followed.job.id);
    if (stored === undefined || followed.ending !== undefined) return;
    if (isFinalJob(stored.state)) return this.#settle(followed, stored);
    if (stored.attempt < followed.job.attempt || stored.revision <= followed.job.revision) return;
    if (hasGoneOn(followed, stored)) {
      this.pending.delete(followed);
      this.#giveUpTo(followed, stored);
    } else this.#applyAgain(followed, stored);
  }

  /** The job as stored. For a followed job a damaged record counts as absent: the next write replaces it. */
  async read(id: string): Promise<Job | undefined> {
    try {
      return await this.#deps.dao.jobs.get(id);
    } catch (error) {
      if (!(isUnreadableRecord(error) && this.#byId.has(id))) throw error;
      this.#deps.log.warn({ job: id, err: error }, "replacing the damaged record of a job");
      return undefined;
    }
  }

  async #end(followed: Followed, end: AttemptEnd): Promise<boolean> {
    this.pending.delete(followed);
    try {
      for (;;) {
        const before = followed.job;
        const next = applyJobEvent(before, end.event);
        if (next === undefined) return false;
        followed.job = next;
        try {
          const isStored = await this.#storeEnd(followed, end);
          if (isStored !== undefined) return isStored;
        } catch (error) {
          // The event will be repeated.
          if (followed.job.revision <= before.revision + 1) followed.job = before;
          throw error;
        }
      }
    } catch (error) {
      this.events.breakOff(end.event.jobId);
      rejectWaiters(followed, error);
      throw error;
    } finally {
      followed.ending = undefined;
      if (followed.unpublished.length > 0 && this.#byId.has(end.event.jobId)) this.pending.add(followed);
    }
  }

  /** Resolves to whether this event ended the attempt, or to undefined when it must be applied again. */
  async #storeEnd(followed: Followed, { event, result }: AttemptEnd): Promise<boolean | undefined> {
    const { dao, publishing } = this.#deps;
    const outboxEvent = jobOutboxEvent(event, result);
    const { jobId, attempt, seq } = event;
    if (await storeFollowed(dao, followed, { result, event: outboxEvent })) {
      this.events.add(event);
      this.#publish(followed, seq);
      publishing.publishOutbox(outboxEvent, { hasCallback: hasCallback(followed.job) });
      if (isFinalJob(followed.job.state)) this.#finish(followed, { job: followed.job, result });
      return true;
    }
    const job = await dao.jobs.get(jobId);
    // The earlier write, which was to store the job, failed meanwhile.
    if (job === undefined && followed.unstored !== undefined) return this.#storeEnd(followed, { event, result });
    if (job === undefined) {
      this.delete(jobId);
      rejectWaiters(followed, new Error(`Job ${jobId} is no longer in the store`));
      return false;
    }
    // A write that rejected may still have stored it.
    const isOurs = isAttemptOver(job) && job.attempt === attempt && job.seq === seq;
    if (isOurs) this.#publish(followed, seq);
    if (isFinalJob(job.state)) {
      await this.#settle(followed, job);
      return isOurs;
    }
    if (hasGoneOn({ job: { attempt } }, job)) {
      this.#giveUpTo(followed, job);
      return isOurs;
    }
    this.#applyAgain(followed, job);
    return undefined;
  }

  /** Publishes the stored events up to this `seq`. */
  #publish(followed: Followed, upTo: number): void {
    for (const { event, taken } of takeUnpublished(followed, upTo)) this.#deps.publishing.publish(event, taken.resolve);
  }

  /**
   * The store has another change of the same attempt: by another gateway, or by a write of this one that rejected but succeeded. Applies
   * what it lacks, and publishes what it has; JetStream drops duplicates.
   */
  #applyAgain(followed: Followed, stored: Job): void {
    this.#publish(followed, stored.seq);
    followed.job = followed.unpublished.reduce((job, { event }) => applyJobEvent(job, event) ?? job, stored);
  }

  /** Another gateway continues the job. */
  #giveUpTo(followed: Followed, stored: Job): void {
    dropUnpublished(followed);
    takeOver(followed, stored);
  }

  async #settle(followed: Followed, stored: Job): Promise<void> {
    this.pending.delete(followed);
    this.events.breakOff(stored.id);
    dropUnpublished(followed);
    const result = await this.#deps.dao.jobs.result(stored.id);
    this.#finish(followed, { job: stored, result });
  }

  #finish(followed: Followed, end: JobEnd): void {
    const { id, state } = end.job;
    if (!this.#byId.delete(id)) return;
    this.endedByState.set(state, (this.endedByState.get(state) ?? 0) + 1);
    this.events.end(id);
    for (const { resolve } of followed.startWaiters) resolve(end.job);
    for (const { resolve } of followed.waiters) resolve(end);
  }
}

/** Whether the attempt is over in the store. */
function hasGoneOn({ job }: { readonly job: Pick<Job, "attempt"> }, stored: Job): boolean {
  return stored.attempt !== job.attempt || stored.nextAttemptTime !== undefined;
}

/** Drops events that are void or published by another gateway. */
function dropUnpublished(followed: Followed): void {
  for (const { taken } of takeUnpublished(followed)) taken.resolve();
}
