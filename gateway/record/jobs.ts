import type { Logger } from "pino";
import { type Dao, isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { applyJobEvent, isFinalJob, type Job, type Job_State, type JobEvent } from "../../proto/mod.ts";
import { createFollowed, type Followed, giveUp, hasArrived, type JobEnd, takeOver } from "./followed.ts";
import { PendingWrites } from "./pending_writes.ts";
import { RecentEnds } from "./recent_ends.ts";
import { RecentEvents } from "./recent_events.ts";
import { storeFollowed } from "./store_followed.ts";

/**
 * The record of jobs. Jobs that this gateway dispatched are followed in memory until they are final; every change is applied
 * by the table of legal moves, and the store's revision decides between two gateways.
 */
export class JobRecord {
  /** Ends that were recorded here, since this gateway began. */
  readonly endedByState = new Map<Job_State, number>();
  readonly #events = new RecentEvents();
  readonly #ends = new RecentEnds();
  readonly #dao: Dao;
  readonly #log: Logger;
  readonly #followed = new Map<string, Followed>();
  readonly #pending: PendingWrites;

  constructor({ dao, log }: { readonly dao: Dao; readonly log: Logger }) {
    this.#dao = dao;
    this.#log = log;
    this.#pending = new PendingWrites({ log, write: (followed) => this.#write(followed) });
  }

  /**
   * Stores a new job and follows it. Resolves when it is durable; to the job that has its request id, when there is one:
   * then nothing is stored.
   */
  async insert(job: Job, config: Uint8Array, { nodeId }: { readonly nodeId: string }): Promise<Job | undefined> {
    this.#followed.set(job.id, createFollowed(job, nodeId));
    this.#events.begin(job.id);
    let isStored = false;
    try {
      const existing = await this.#dao.jobs.insert(job, config);
      isStored = existing === undefined;
      return existing;
    } finally {
      if (!isStored) this.#unfollow(job.id);
    }
  }

  /**
   * Follows a job whose id nobody was told yet: it is stored when it is final, or before long. A short job costs the store
   * one write instead of two. Its events are not kept: hardly anybody will watch it.
   */
  adopt(job: Job, config: Uint8Array, { nodeId }: { readonly nodeId: string }): void {
    const followed = createFollowed(job, nodeId);
    followed.unstored = config;
    this.#followed.set(job.id, followed);
    this.#pending.add(followed);
  }

  /**
   * Stores the job as its next attempt, and follows it on this node. False when another gateway was faster, or the job has
   * changed since it was read.
   */
  async claim(job: Job, { nodeId }: { readonly nodeId: string }): Promise<boolean> {
    const followed = this.#followed.get(job.id);
    if (followed !== undefined) this.#pending.delete(followed);
    const claimed = { ...job, revision: job.revision + 1 };
    if (!(await this.#dao.jobs.update(claimed))) return false;
    if (followed === undefined) {
      this.#followed.set(job.id, createFollowed(claimed, nodeId));
      return true;
    }
    followed.job = claimed;
    followed.nodeId = nodeId;
    return true;
  }

  /** Forgets a job that its node did not take, as if it had never been submitted; whoever waits for it is told the reason. */
  async withdraw(id: string, reason: Error): Promise<void> {
    const followed = this.#unfollow(id);
    if (followed !== undefined) giveUp(followed, reason);
    if (followed?.unstored === undefined) await this.#dao.jobs.delete(id);
  }

  /** The job as it stands: as this gateway follows it, unless the store has its end, maybe by another gateway; else as stored. */
  async get(id: string): Promise<Job | undefined> {
    const stored = await this.#read(id);
    const followed = this.#followed.get(id);
    const hasEnd = stored !== undefined && isFinalJob(stored.state);
    return followed === undefined || followed.ending !== undefined || hasEnd ? stored : followed.job;
  }

  /** The config that a job was submitted with. */
  async config(id: string): Promise<Uint8Array | undefined> {
    return this.#followed.get(id)?.unstored ?? (await this.#dao.jobs.config(id));
  }

  /** The end of a job that this gateway follows; undefined when it does not. Rejects when the store fails to take the end. */
  end(id: string): Promise<JobEnd> | undefined {
    const waiter = Promise.withResolvers<JobEnd>();
    return this.#followed.get(id)?.waiters.push(waiter) === undefined ? undefined : waiter.promise;
  }

  /** The job once it has a slot, waits for one, or has ended, when this gateway follows it; undefined when it does not. */
  started(id: string): Promise<Job> | undefined {
    const followed = this.#followed.get(id);
    if (followed === undefined || hasArrived(followed.job)) return followed && Promise.resolve(followed.job);
    const waiter = Promise.withResolvers<Job>();
    followed.startWaiters.push(waiter);
    return waiter.promise;
  }

  /** Whether this gateway recorded the job's end, or read it, lately. */
  hasEnded(id: string): boolean {
    return this.#ends.has(id);
  }

  /** Whether this gateway follows the job, or the store has it. */
  async isKnown(id: string): Promise<boolean> {
    return this.#followed.has(id) || this.#ends.has(id) || (await this.#dao.jobs.get(id)) !== undefined;
  }

  /** Whether a job of which `hasEnded` is true wants a callback; false of any other. */
  wantsCallback(id: string): boolean {
    return this.#ends.wantsCallback(id);
  }

  /** The jobs that this gateway follows, each with the node that it was given to. */
  followed(): { readonly job: Job; readonly nodeId: string }[] {
    return [...this.#followed.values()].map(({ job, nodeId }) => ({ job, nodeId }));
  }

  /** The events of a job as this gateway saw them; ends, maybe at once, where it cannot tell them all. */
  watchEvents(id: string, options: { afterSeq: number; signal: AbortSignal }): AsyncGenerator<JobEvent> {
    return this.#events.watch(id, options);
  }

  /**
   * Applies an event, whichever way it came. Idempotent. After a final event, resolves when the end is durable. Resolves to whether the
   * event changed the job.
   */
  async apply(event: JobEvent, result?: Uint8Array): Promise<boolean> {
    const followed = this.#followed.get(event.jobId);
    if (followed === undefined) return this.#applyStored(event, result);
    if (followed.ending !== undefined) {
      await followed.ending;
      return false;
    }
    if (event.attempt > followed.job.attempt) {
      // Another gateway has begun it.
      await this.refresh(event.jobId);
      if (!this.#followed.has(event.jobId)) return false;
    }
    const next = applyJobEvent(followed.job, event);
    if (next === undefined) return false;
    followed.job = next;
    if (!isFinalJob(next.state)) this.#events.add(event);
    if (hasArrived(next)) for (const { resolve } of followed.startWaiters.splice(0)) resolve(next);
    if (!isFinalJob(next.state)) {
      this.#pending.add(followed);
      return true;
    }
    followed.ending = this.#end(followed, event, result);
    return followed.ending;
  }

  /** Makes a followed job durable as it stands. */
  async save(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed !== undefined && followed.ending === undefined) await this.#write(followed);
  }

  /** Hands a job that the store does not have yet to it, before what belongs to the job. */
  async saveNew(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed?.unstored !== undefined) await this.#write(followed);
  }

  /** Resolves when a followed job has ended, or after so long; at once of a job that is not followed. */
  async untilEnded(id: string, waitMs: number): Promise<void> {
    const end = this.end(id);
    if (end === undefined) return;
    const waited = Promise.withResolvers<void>();
    const timer = setTimeout(waited.resolve, waitMs);
    try {
      await Promise.race([end, waited.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads a followed job again: another gateway may have recorded its end, or have begun its next attempt. */
  async refresh(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed === undefined || followed.ending !== undefined) return;
    this.#events.breakOff(id);
    const stored = await this.#read(id);
    if (stored === undefined) return;
    if (isFinalJob(stored.state)) await this.#settle(followed, stored);
    else if (stored.attempt > followed.job.attempt) {
      this.#pending.delete(followed);
      takeOver(followed, stored);
    }
  }

  /** Writes what is waiting. */
  async flush(): Promise<void> {
    await this.#pending.flush();
  }

  /** The job as stored. Of a job that is followed, a record that cannot be read counts for nothing: the next write replaces it. */
  async #read(id: string): Promise<Job | undefined> {
    try {
      return await this.#dao.jobs.get(id);
    } catch (error) {
      if (!(isUnreadableRecord(error) && this.#followed.has(id))) throw error;
      this.#log.warn({ job: id, err: error }, "the record of a job is written anew");
      return undefined;
    }
  }

  #unfollow(id: string): Followed | undefined {
    const followed = this.#followed.get(id);
    if (followed !== undefined) this.#pending.delete(followed);
    this.#followed.delete(id);
    this.#events.breakOff(id);
    return followed;
  }

  /** Resolves to whether it was this event that ended the job. */
  async #end(followed: Followed, event: JobEvent, result: Uint8Array | undefined): Promise<boolean> {
    this.#pending.delete(followed);
    try {
      if (await storeFollowed(this.#dao, followed, result)) {
        this.#events.add(event);
        this.#finish(followed, { job: followed.job, result });
        return true;
      }
      const isApplied = await this.#applyStored(event, result);
      const stored = await this.#dao.jobs.get(event.jobId);
      // The write before this one, which was to store it, failed in the meantime.
      if (stored === undefined && followed.unstored !== undefined) return await this.#end(followed, event, result);
      if (stored === undefined) throw new Error(`Job ${event.jobId} is not in the record any more`);
      if (isFinalJob(stored.state)) {
        await this.#settle(followed, stored);
        return isApplied;
      }
      // It was the end of an attempt that is not the last any more.
      takeOver(followed, stored);
      followed.ending = undefined;
      return isApplied;
    } catch (error) {
      this.#unfollow(event.jobId);
      giveUp(followed, error);
      throw error;
    }
  }

  async #settle(followed: Followed, stored: Job): Promise<void> {
    this.#events.breakOff(stored.id);
    const result = await this.#dao.jobs.result(stored.id);
    this.#finish(followed, { job: stored, result });
  }

  #finish(followed: Followed, end: JobEnd): void {
    const { state } = end.job;
    this.#followed.delete(end.job.id);
    this.endedByState.set(state, (this.endedByState.get(state) ?? 0) + 1);
    this.#ends.add(end.job);
    this.#events.end(end.job.id);
    for (const { resolve } of followed.startWaiters) resolve(end.job);
    for (const { resolve } of followed.waiters) resolve(end);
  }

  /** Applies an event to the stored job, again when another gateway was faster. Resolves to whether it changed the job. */
  async #applyStored(event: JobEvent, result: Uint8Array | undefined): Promise<boolean> {
    for (;;) {
      const stored = await this.#dao.jobs.get(event.jobId);
      if (stored === undefined) {
        this.#log.warn({ job: event.jobId }, "an event of a job that is not in the record is left out");
        return false;
      }
      const next = applyJobEvent(stored, event);
      const isWritten =
        next === undefined || (await this.#dao.jobs.update({ ...next, revision: stored.revision + 1 }, { result }));
      if (!isWritten) continue;
      if (isFinalJob((next ?? stored).state)) this.#ends.add(stored);
      return next !== undefined;
    }
  }

  async #write(followed: Followed): Promise<void> {
    if (await storeFollowed(this.#dao, followed)) return;
    const stored = await this.#dao.jobs.get(followed.job.id);
    if (stored === undefined || followed.ending !== undefined) return;
    if (isFinalJob(stored.state)) await this.#settle(followed, stored);
    else takeOver(followed, stored);
  }
}
