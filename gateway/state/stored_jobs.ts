import { setTimeout as delay } from "node:timers/promises";
import { KeyedSerialQueue } from "../../lib/async/mod.ts";
import { type Dao, isUnreadableRecord, type OutboxEvent } from "../../plugins/contract/mod.ts";
import { applyJobEvent, endsAttempt, isFinalJob, type Job, type JobEvent } from "../../proto/mod.ts";
import { jobOutboxEvent } from "../events/mod.ts";

/**
 * Polls, and the interval between them in milliseconds, within which a living gateway publishes what it has stored, including a
 * reconnection to NATS.
 */
const LOOKS = 12;
const LOOK_INTERVAL_MS = 250;

/** Publishes the events of jobs. */
export interface JobPublishing {
  /** Publishes a stored event. Calls `published` once, when JetStream has stored it. */
  publish(event: JobEvent, published: () => void): void;
  /** Publishes an event of the outbox. */
  publishOutbox(event: OutboxEvent, options: { readonly hasCallback: boolean }): void;
  /**
   * Publishes the outbox events of a job, whichever gateway stored them. Resolves to false when the gateway that stored them may be about
   * to publish them or earlier ones.
   */
  publishLeft(jobId: string): Promise<boolean>;
  /** Publishes the outbox events of the attempts before that of an event. */
  publishEarlier(event: JobEvent): Promise<void>;
  /** `seq` of the last published event of a job. Undefined if unknown. */
  lastSeq(jobId: string): Promise<number | undefined>;
}

/** Resolves to the node of a context, or to undefined if the context is unknown. */
export type FindNodeOf = (contextId: string) => Promise<string | undefined>;

/** An event as a node reports it. */
export interface Report {
  /** Node of the session. */
  readonly nodeId: string;
  /** The result as JSON, if it is stored with the job. */
  readonly result?: Uint8Array | undefined;
  /** Whether another gateway may have stored or published it. */
  readonly again: boolean;
}

/** The store has no such job. The gateway that dispatched it may be about to store it. */
export class JobUnknown extends Error {
  override readonly name = "JobUnknown";
}

export function hasCallback({ state, callbackUrl }: Job): boolean {
  return isFinalJob(state) && callbackUrl !== "";
}

interface StoredJobsDeps {
  readonly dao: Dao;
  readonly publishing: JobPublishing;
  readonly nodeOf: FindNodeOf;
}

/** Changes jobs that this gateway does not follow, one change per job at a time. The revision decides between gateways. */
export class StoredJobs {
  readonly #deps: StoredJobsDeps;
  readonly #turns = new KeyedSerialQueue();

  constructor(deps: StoredJobsDeps) {
    this.#deps = deps;
  }

  /**
   * Applies an event that a node reports. Resolves when the change is durable and the event published or in the outbox, or void. Rejects
   * with JobUnknown.
   */
  async take(event: JobEvent, report: Report): Promise<void> {
    const isToPublish = await this.#turns.run(event.jobId, () => this.#apply(event, report));
    if (isToPublish) await new Promise<void>((resolve) => this.#deps.publishing.publish(event, resolve));
  }

  /** Whether a node holds the attempt of an event. Rejects with JobUnknown. */
  async isHeldBy(nodeId: string, event: JobEvent): Promise<boolean> {
    return this.#isHeld(await this.#read(event.jobId), { nodeId, event });
  }

  /** Stores a decision about a job as it was read, numbered after the published events. Resolves to false when the job has changed. */
  async decide(job: Job, decision: (seq: number) => JobEvent): Promise<boolean> {
    const { dao, publishing } = this.#deps;
    const published = await this.#lastPublished(job);
    const last = published ?? job.seq;
    const event = decision(last + 1);
    const next = applyJobEvent({ ...job, seq: last }, event);
    if (next === undefined) return false;
    const stored = jobOutboxEvent(event);
    if (!(await dao.jobs.update({ ...next, revision: job.revision + 1 }, { event: stored }))) return false;
    // During an outage of JetStream another gateway may hold earlier events: the outbox waits for that gateway.
    if (published !== undefined) publishing.publishOutbox(stored, { hasCallback: hasCallback(next) });
    return true;
  }

  /**
   * `seq` of the last event that is stored and published. Undefined if unknown. Events that another gateway stored and does not publish in
   * time are lost with it.
   */
  async #lastPublished({ id, seq }: Job): Promise<number | undefined> {
    for (let looks = 1; ; looks++) {
      const last = await this.#deps.publishing.lastSeq(id);
      if (last === undefined) return undefined;
      if (last >= seq) return seq;
      if (looks === LOOKS) return last;
      await delay(LOOK_INTERVAL_MS);
    }
  }

  /** Resolves to whether the event must still be published. */
  async #apply(event: JobEvent, { nodeId, result, again }: Report): Promise<boolean> {
    const { dao, publishing } = this.#deps;
    // The gateway that dispatched the attempt may have died before publishing the end of the previous one.
    if (again && event.attempt > 1) await publishing.publishEarlier(event);
    for (;;) {
      const job = await this.#read(event.jobId);
      if (!(await this.#isHeld(job, { nodeId, event }))) return false;
      if (again && mayBeStored(job, event)) return this.#isUnpublished(event);
      if (isAttemptOver(job)) return false;
      const next = applyJobEvent(job, event);
      if (next === undefined) return false;
      const stored = endsAttempt(event.event.case) ? jobOutboxEvent(event, result) : undefined;
      if (!(await dao.jobs.update({ ...next, revision: job.revision + 1 }, { result, event: stored }))) continue;
      if (stored === undefined) return true;
      publishing.publishOutbox(stored, { hasCallback: hasCallback(next) });
      return false;
    }
  }

  async #isHeld(job: Job, { nodeId, event }: Pick<Report, "nodeId"> & { readonly event: JobEvent }): Promise<boolean> {
    const isSame = event.attempt === job.attempt && event.contextId === job.contextId;
    return isSame && (await this.#deps.nodeOf(job.contextId)) === nodeId;
  }

  async #read(id: string): Promise<Job> {
    const job = await this.#deps.dao.jobs.get(id);
    if (job === undefined) throw new JobUnknown(`Job ${id} is not in the store`);
    return job;
  }

  /** The gateway that stored it may have died before publishing it. */
  async #isUnpublished({ jobId, seq }: JobEvent): Promise<boolean> {
    const last = await this.#deps.publishing.lastSeq(jobId);
    return last === undefined || seq > last;
  }
}

/** The attempt has ended: its node reports nothing more. */
export function isAttemptOver({ state, nextAttemptTime }: Job): boolean {
  return isFinalJob(state) || nextAttemptTime !== undefined;
}

/** Whether a gateway may have died between storing and publishing an event that ends nothing. */
function mayBeStored(job: Job, event: JobEvent): boolean {
  if (endsAttempt(event.event.case)) return false;
  // A decision may have the same number as an event that was lost with its gateway.
  return isAttemptOver(job) ? event.seq < job.seq : event.seq <= job.seq;
}

/** Maps the rejection of a read of a damaged record to undefined. Throws other errors. */
export function unlessUnreadable(error: unknown): undefined {
  if (!isUnreadableRecord(error)) throw error;
}
