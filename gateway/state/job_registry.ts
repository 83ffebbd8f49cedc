import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import type { Dao } from "../../plugins/contract/mod.ts";
import { applyJobEvent, isFinalJob, type Job, Job_State, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import { createFollowed, type Followed, hasArrived, type JobEnd, rejectWaiters } from "./followed.ts";
import { FollowedJobs } from "./followed_jobs.ts";
import { type FindNodeOf, type JobPublishing, type Report, StoredJobs } from "./stored_jobs.ts";

interface JobRecordDeps {
  readonly dao: Dao;
  readonly publishing: JobPublishing;
  readonly nodeOf: FindNodeOf;
  readonly log: Logger;
}

/** What a gateway decides about a job without its node. */
export type Decision = NonNullable<MessageInitShape<typeof JobEventSchema>["event"]>;

/**
 * The record of jobs. Jobs that this gateway dispatched are followed in memory until they are final; every change is applied
 * by the table of legal moves, and the store's revision decides between two gateways. Events are published once the store has what they
 * report. Disposing it writes what is waiting.
 */
export class JobRegistry implements AsyncDisposable {
  readonly #dao: Dao;
  readonly #publishing: JobPublishing;
  readonly #stored: StoredJobs;
  readonly #followed: FollowedJobs;

  constructor(deps: JobRecordDeps) {
    this.#dao = deps.dao;
    this.#publishing = deps.publishing;
    this.#stored = new StoredJobs(deps);
    this.#followed = new FollowedJobs(deps);
  }

  /** Ends that were recorded here, since this gateway began. */
  get endedByState(): ReadonlyMap<Job_State, number> {
    return this.#followed.endedByState;
  }

  /**
   * Stores a new job and follows it. Resolves when it is durable; to the job that has its request id, when there is one:
   * then nothing is stored.
   */
  async insert(job: Job, config: Uint8Array, { nodeId }: { readonly nodeId: string }): Promise<Job | undefined> {
    this.#followed.add(createFollowed(job, nodeId));
    this.#followed.events.begin(job.id);
    let isStored = false;
    try {
      const existing = await this.#dao.jobs.insert(job, config);
      isStored = existing === undefined;
      return existing;
    } finally {
      if (!isStored) this.#followed.delete(job.id);
    }
  }

  /**
   * Follows a job whose id nobody was told yet: it is stored when it is final, or before long. A short job costs the store
   * one write instead of two. Its events are not kept: hardly anybody will watch it.
   */
  adopt(job: Job, config: Uint8Array, { nodeId }: { readonly nodeId: string }): void {
    const followed = createFollowed(job, nodeId);
    followed.unstored = config;
    this.#followed.add(followed);
    this.#followed.pending.add(followed);
  }

  /**
   * Whether the end of its attempt, and what came before it, is on the stream, or will be before all that is told from now on. False: another
   * gateway may be about to publish it.
   */
  isTold(id: string): Promise<boolean> {
    return this.#publishing.publishLeft(id);
  }

  /**
   * Stores the job as its next attempt, and follows it on this node. False when another gateway was faster, or the job has
   * changed since it was read.
   */
  async claim(job: Job, { nodeId }: { readonly nodeId: string }): Promise<boolean> {
    const followed = this.#followed.get(job.id);
    if (followed !== undefined) this.#followed.pending.delete(followed);
    const claimed = { ...job, revision: job.revision + 1 };
    if (!(await this.#dao.jobs.update(claimed))) return false;
    if (followed === undefined) {
      this.#followed.add(createFollowed(claimed, nodeId));
      return true;
    }
    followed.job = claimed;
    followed.nodeId = nodeId;
    followed.isOutOfTouch = false;
    return true;
  }

  /** Forgets a job that its node did not take, as if it had never been submitted; whoever waits for it is told the reason. */
  async withdraw(id: string, reason: Error): Promise<void> {
    const followed = this.#followed.delete(id);
    if (followed !== undefined) rejectWaiters(followed, reason);
    if (followed?.unstored === undefined) await this.#dao.jobs.delete(id);
  }

  /** The job as it stands: as this gateway follows it, unless the store has its end, maybe by another gateway; else as stored. */
  async get(id: string): Promise<Job | undefined> {
    const stored = await this.#followed.read(id);
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

  /** The jobs that this gateway follows. */
  followed(): Pick<Followed, "job" | "nodeId" | "isOutOfTouch">[] {
    return [...this.#followed.all()].map(({ job, nodeId, isOutOfTouch }) => ({ job, nodeId, isOutOfTouch }));
  }

  /** The events of a job as this gateway saw them; ends, maybe at once, where it cannot tell them all. */
  watchEvents(id: string, options: { afterSeq: number; signal: AbortSignal }): AsyncGenerator<JobEvent> {
    return this.#followed.events.watch(id, options);
  }

  /**
   * Takes an event that a node reports. Idempotent. Resolves when its change is durable and it is published or in the outbox; also when it is
   * void, because it is not of the current attempt, not from the node that holds that, or no legal move. Rejects with JobUnknown, and when
   * the store fails: then it is to be taken again.
   */
  async take(event: JobEvent, report: Report): Promise<void> {
    const followed = this.#followed.get(event.jobId);
    if (followed === undefined) return this.#stored.take(event, report);
    if (event.attempt > followed.job.attempt || followed.nodeId === "") {
      // Another gateway has begun it.
      await this.#stored.take(event, report);
      await this.refresh(event.jobId);
      return;
    }
    if (followed.nodeId !== report.nodeId || followed.job.contextId !== event.contextId) return;
    followed.isOutOfTouch = false;
    await this.#followed.apply(followed, { event, result: report.result });
  }

  /**
   * Whether a node that reports an event has the attempt of the job that it is about. Of a job that is followed here, answered at once: what is
   * written then is before what comes after the event. Rejects with JobUnknown.
   */
  isHeldBy(nodeId: string, event: JobEvent): boolean | Promise<boolean> {
    const { jobId, attempt, contextId } = event;
    const followed = this.#followed.get(jobId);
    if (followed?.nodeId === nodeId && followed.job.attempt === attempt) return followed.job.contextId === contextId;
    return this.#stored.isHeldBy(nodeId, event);
  }

  /** The code of a job runs; its `running` event is still to come. */
  begun(id: string, { attempt, time, nodeId }: { attempt: number; time: Timestamp | undefined; nodeId: string }): void {
    const followed = this.#followed.get(id);
    if (followed === undefined || followed.ending !== undefined || followed.nodeId !== nodeId) return;
    const { job } = followed;
    if (job.attempt !== attempt || job.state !== Job_State.QUEUED || job.nextAttemptTime !== undefined) return;
    followed.job = { ...job, state: Job_State.RUNNING, queuePosition: 0 };
    followed.job.startTime ??= time;
    this.#followed.resolveStarted(followed);
    this.#followed.pending.add(followed);
  }

  /** The session with this node is over. */
  lostTouch(nodeId: string): void {
    for (const followed of this.#followed.all()) if (followed.nodeId === nodeId) followed.isOutOfTouch = true;
  }

  /** Stores what a gateway decides about a job as it was read. Resolves to false when the job has gone on, or ended, meanwhile. */
  async decide(job: Job, decision: Decision): Promise<boolean> {
    const { id: jobId, attempt, contextId } = job;
    const eventOf = (seq: number): JobEvent =>
      create(JobEventSchema, { jobId, attempt, seq, time: timestampNow(), contextId, event: decision });
    const followed = this.#followed.get(jobId);
    if (followed === undefined || followed.nodeId === "") {
      const isStored = await this.#stored.decide(job, eventOf);
      await this.refresh(jobId);
      return isStored;
    }
    // Whoever asks again at once would ask for ever: nothing is stored before this turn of the event loop is over.
    if (followed.ending !== undefined) {
      await followed.ending;
      return false;
    }
    const current = followed.job;
    const isSame =
      current.attempt === attempt && (current.nextAttemptTime === undefined) === (job.nextAttemptTime === undefined);
    const event = eventOf(current.seq + 1);
    if (!isSame || applyJobEvent(current, event) === undefined) return false;
    return this.#followed.end(followed, { event });
  }

  /** Makes a followed job durable as it stands. */
  async save(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed !== undefined) await this.#followed.write(followed);
  }

  /** Hands a job that the store does not have yet to it, before what belongs to the job. */
  async saveNew(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed?.unstored !== undefined) await this.#followed.write(followed);
  }

  /** Reads a followed job again: another gateway may have changed it, recorded its end, or begun its next attempt. */
  async refresh(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed !== undefined) await this.#followed.refresh(followed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followed[Symbol.asyncDispose]();
  }
}
