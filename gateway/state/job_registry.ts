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

/** A change of a job that a gateway decides without its node. */
export type Decision = NonNullable<MessageInitShape<typeof JobEventSchema>["event"]>;

/**
 * The registry of jobs. Follows the jobs that this gateway dispatched in memory until they are final. The table of legal transitions
 * decides about every change, and the revision in the store between gateways. Events are published once the store has the change. Disposal
 * stores pending changes.
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

  /** Ends that this gateway has recorded since its start. */
  get endedByState(): ReadonlyMap<Job_State, number> {
    return this.#followed.endedByState;
  }

  /**
   * Stores a new job and follows it. Resolves when it is durable, or to the job with the same request id, if there is one; then nothing is
   * stored.
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
   * Follows a job whose id nobody knows yet. It is stored with its end, or after a short while: a short job costs one write instead of two.
   * Its events are not kept, as it is rarely watched.
   */
  adopt(job: Job, config: Uint8Array, { nodeId }: { readonly nodeId: string }): void {
    const followed = createFollowed(job, nodeId);
    followed.unstored = config;
    this.#followed.add(followed);
    this.#followed.pending.add(followed);
  }

  /**
   * Whether the end of the attempt and all earlier events are on the stream, or precede everything that is published from now on. False:
   * another gateway may be about to publish it.
   */
  isTold(id: string): Promise<boolean> {
    return this.#publishing.publishLeft(id);
  }

  /**
   * Stores the job with its next attempt, and follows it on this node. Resolves to false when another gateway was first, or the job has
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

  /** Forgets a job that its node refused, as if it had never been submitted. Waits for it reject with the reason. */
  async withdraw(id: string, reason: Error): Promise<void> {
    const followed = this.#followed.delete(id);
    if (followed !== undefined) rejectWaiters(followed, reason);
    if (followed?.unstored === undefined) await this.#dao.jobs.delete(id);
  }

  /** The current job: as followed here, unless the store has its end, else as stored. */
  async get(id: string): Promise<Job | undefined> {
    const stored = await this.#followed.read(id);
    const followed = this.#followed.get(id);
    const hasEnd = stored !== undefined && isFinalJob(stored.state);
    return followed === undefined || followed.ending !== undefined || hasEnd ? stored : followed.job;
  }

  /** The config as submitted. */
  async config(id: string): Promise<Uint8Array | undefined> {
    return this.#followed.get(id)?.unstored ?? (await this.#dao.jobs.config(id));
  }

  /** The end of a followed job. Undefined if it is not followed. Rejects when the store fails to record the end. */
  end(id: string): Promise<JobEnd> | undefined {
    const waiter = Promise.withResolvers<JobEnd>();
    return this.#followed.get(id)?.waiters.push(waiter) === undefined ? undefined : waiter.promise;
  }

  /** Resolves with a followed job once it has a slot, waits for one, or has ended. Undefined if it is not followed. */
  started(id: string): Promise<Job> | undefined {
    const followed = this.#followed.get(id);
    if (followed === undefined || hasArrived(followed.job)) return followed && Promise.resolve(followed.job);
    const waiter = Promise.withResolvers<Job>();
    followed.startWaiters.push(waiter);
    return waiter.promise;
  }

  /** The followed jobs. */
  followed(): Pick<Followed, "job" | "nodeId" | "isOutOfTouch">[] {
    return [...this.#followed.all()].map(({ job, nodeId, isOutOfTouch }) => ({ job, nodeId, isOutOfTouch }));
  }

  /** The events of a job that this gateway has seen. Ends, maybe at once, when it may have missed one. */
  watchEvents(id: string, options: { afterSeq: number; signal: AbortSignal }): AsyncGenerator<JobEvent> {
    return this.#followed.events.watch(id, options);
  }

  /**
   * Applies an event that a node reports. Idempotent. Resolves when its change is durable and the event published or in the outbox, or when
   * the event is void: not of the current attempt, not from its node, or an illegal transition. Rejects with JobUnknown, and when the store
   * fails; the caller retries.
   */
  async take(event: JobEvent, report: Report): Promise<void> {
    const followed = this.#followed.get(event.jobId);
    if (followed === undefined) return this.#stored.take(event, report);
    if (event.attempt > followed.job.attempt || followed.nodeId === "") {
      // Another gateway has begun the attempt.
      await this.#stored.take(event, report);
      await this.refresh(event.jobId);
      return;
    }
    if (followed.nodeId !== report.nodeId || followed.job.contextId !== event.contextId) return;
    followed.isOutOfTouch = false;
    await this.#followed.apply(followed, { event, result: report.result });
  }

  /**
   * Whether the node of an event holds the attempt. Synchronous for followed jobs: what is written next precedes later events. Rejects with
   * JobUnknown.
   */
  isHeldBy(nodeId: string, event: JobEvent): boolean | Promise<boolean> {
    const { jobId, attempt, contextId } = event;
    const followed = this.#followed.get(jobId);
    if (followed?.nodeId === nodeId && followed.job.attempt === attempt) return followed.job.contextId === contextId;
    return this.#stored.isHeldBy(nodeId, event);
  }

  /** Records that the code of a job runs. Its `running` event follows. */
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

  /** Called when the session with this node closes. */
  lostTouch(nodeId: string): void {
    for (const followed of this.#followed.all()) if (followed.nodeId === nodeId) followed.isOutOfTouch = true;
  }

  /** Stores a decision about a job as it was read. Resolves to false when the job has advanced or ended meanwhile. */
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
    // Yields: a caller that retries at once would starve the event loop.
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

  /** Stores a followed job in its present state. */
  async save(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed !== undefined) await this.#followed.write(followed);
  }

  /** Stores a followed job that is not stored yet, before rows that belong to it. */
  async saveNew(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed?.unstored !== undefined) await this.#followed.write(followed);
  }

  /** Re-reads a followed job: another gateway may have changed it, recorded its end, or begun its next attempt. */
  async refresh(id: string): Promise<void> {
    const followed = this.#followed.get(id);
    if (followed !== undefined) await this.#followed.refresh(followed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#followed[Symbol.asyncDispose]();
  }
}
