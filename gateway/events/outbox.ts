import type { Logger } from "pino";
import { type Dao, isUnreadableRecord, type OutboxEvent } from "../../plugins/contract/mod.ts";
import { endsJob, type JobEvent } from "../../proto/mod.ts";
import type { CallbackQueue } from "./callback_queue.ts";
import type { EventPublisher } from "./publisher.ts";

/** Interval between sweeps for events that another gateway left behind, in milliseconds. */
const SWEEP_INTERVAL_MS = 2000;

/** Time that the gateway which stored an event has to publish it, in milliseconds. */
const GRACE_MS = 5000;

/** Events read or removed at a time. */
const PAGE = 64;

/** Most unpublished events of one job. */
const MOST_OF_JOB = 20;

/** Time for which removals are collected, in milliseconds. */
const REMOVE_DELAY_MS = 20;

/** Time limit for publishing one page of the sweep, in milliseconds. */
const PAGE_TIMEOUT_MS = 10_000;

/** Sorts `10` after `9`. */
const NUMERIC = new Intl.Collator("en", { numeric: true });

interface OutboxDeps {
  readonly dao: Pick<Dao, "outbox" | "jobs">;
  readonly publisher: EventPublisher;
  /** `seq` of the last published event of a job. Undefined if unknown. */
  readonly lastSeq: (jobId: string) => Promise<number | undefined>;
  readonly queue: Pick<CallbackQueue, "add">;
  readonly log: Pick<Logger, "warn">;
}

/**
 * Publishes events that are stored in one commit with the change that they report. Removes them once they are published and the callback of
 * the job, if any, is queued. Publishes what a dead gateway left. Disposal removes what is published.
 */
export class Outbox implements AsyncDisposable {
  readonly #deps: OutboxDeps;
  /** When an event of the store was first seen, by id. */
  #seen = new Map<string, number>();
  #removable: string[] = [];
  #removeTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
    this.#sweepTimer = setTimeout(() => this.#startSweep(), SWEEP_INTERVAL_MS);
  }

  /** Publishes an event that was just stored. `hasCallback`: it ends a job with a callback. */
  publish(event: OutboxEvent, { hasCallback }: { readonly hasCallback: boolean } = { hasCallback: false }): void {
    // The sweep publishes the others once there is room.
    if (this.#deps.publisher.isFull) return;
    this.#hand(event, hasCallback);
  }

  /**
   * Publishes the stored events of a job, whichever gateway stored them. Resolves to whether they and all earlier events precede everything
   * that is published from now on. False: the gateway that stored them may be about to publish them.
   */
  async publishLeft(jobId: string): Promise<boolean> {
    for (const event of await this.#waitingOf(jobId)) {
      const last = await this.#deps.lastSeq(jobId);
      const isNext = last !== undefined && last >= seqOf(event) - 1;
      if (!isNext && !this.#isLeft(event, performance.now())) return false;
      this.#hand(event, await this.#hasCallback(event));
    }
    return true;
  }

  /** Publishes the stored events of earlier attempts of a job whose node has lost its gateway. */
  async publishEarlier({ jobId, attempt }: Pick<JobEvent, "jobId" | "attempt">): Promise<void> {
    const events = await this.#waitingOf(jobId);
    for (const event of events) if (Number(event.id.split("/")[1]) < attempt) this.#hand(event, false);
  }

  /** The stored events of a job that this gateway has not passed to JetStream yet, in order. */
  async #waitingOf(jobId: string): Promise<OutboxEvent[]> {
    const { dao, publisher } = this.#deps;
    const prefix = `${jobId}/`;
    const page = await dao.outbox.list({ limit: MOST_OF_JOB, after: prefix });
    return inOrder(page.filter((event) => event.id.startsWith(prefix) && !publisher.has(event)));
  }

  #hand(event: OutboxEvent, hasCallback: boolean, published?: () => void): void {
    this.#deps.publisher.publish(event, () => {
      void this.#published(event, hasCallback);
      published?.();
    });
  }

  /** Whether the gateway that stored it had enough time to publish it and the events before it. */
  #isLeft({ id }: OutboxEvent, now: number): boolean {
    return now - (this.#seen.get(id) ?? now) >= GRACE_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#sweepTimer);
    await this.#sweeping;
    clearTimeout(this.#removeTimer);
    await this.#remove();
  }

  async #published(event: OutboxEvent, hasCallback: boolean): Promise<void> {
    if (hasCallback) {
      const [added] = await Promise.allSettled([this.#deps.queue.add(jobIdOf(event))]);
      // It stays; the sweep retries.
      if (added.status === "rejected") {
        this.#deps.log.warn({ err: added.reason, job: jobIdOf(event) }, "could not queue a callback; retrying");
        return;
      }
    }
    this.#removable.push(event.id);
    this.#removeTimer ??= setTimeout(() => void this.#remove(), REMOVE_DELAY_MS);
  }

  async #remove(): Promise<void> {
    this.#removeTimer = undefined;
    const ids = this.#removable;
    this.#removable = [];
    if (ids.length === 0) return;
    const [removed] = await Promise.allSettled([this.#deps.dao.outbox.delete(ids)]);
    // The sweep finds them again, and JetStream drops the duplicates.
    if (removed.status === "rejected")
      this.#deps.log.warn({ err: removed.reason }, "could not remove published events");
  }

  #startSweep(): void {
    this.#sweeping = this.#sweep()
      .catch((error) => this.#deps.log.warn({ err: error }, "outbox sweep failed"))
      .then(() => {
        if (!this.#isClosed) this.#sweepTimer = setTimeout(() => this.#startSweep(), SWEEP_INTERVAL_MS);
      });
  }

  async #sweep(): Promise<void> {
    const { dao, publisher } = this.#deps;
    // Other gateways cannot publish either: their time starts when JetStream is back.
    if (!publisher.isFlowing) {
      this.#seen = new Map();
      return;
    }
    const seen = new Map<string, number>();
    let after: string | undefined;
    while (!this.#isClosed) {
      const page = await dao.outbox.list({ limit: PAGE, after });
      const now = performance.now();
      for (const { id } of page) seen.set(id, this.#seen.get(id) ?? now);
      const left = page.filter((event) => this.#isLeft(event, now) && !publisher.has(event));
      if (!(await this.#publishLeft(inOrder(left)))) return;
      if (page.length < PAGE) break;
      after = page.at(-1)?.id;
    }
    this.#seen = seen;
  }

  /** Resolves to whether all were published in time. */
  async #publishLeft(events: readonly OutboxEvent[]): Promise<boolean> {
    if (events.length === 0) return true;
    const hasCallbacks = await Promise.all(events.map((event) => this.#hasCallback(event)));
    const all = Promise.withResolvers<boolean>();
    let waiting = events.length;
    const timer = setTimeout(() => all.resolve(false), PAGE_TIMEOUT_MS);
    for (const [index, event] of events.entries()) {
      this.#hand(event, hasCallbacks[index] ?? false, () => {
        waiting -= 1;
        if (waiting === 0) all.resolve(true);
      });
    }
    try {
      return await all.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rejects while the store is unavailable. A job whose record is damaged gets no callback. */
  async #hasCallback(event: OutboxEvent): Promise<boolean> {
    if (!endsJob(event.subject.split(".").at(-1))) return false;
    const [job] = await Promise.allSettled([this.#deps.dao.jobs.get(jobIdOf(event))]);
    if (job.status === "fulfilled") return (job.value?.callbackUrl ?? "") !== "";
    if (isUnreadableRecord(job.reason)) return false;
    throw job.reason;
  }
}

/** Groups events by job or context, sorted by attempt and number. */
function inOrder(events: readonly OutboxEvent[]): OutboxEvent[] {
  return events.toSorted((a, b) => NUMERIC.compare(a.id, b.id));
}

/** The id in `hearth.v1.jobs.<id>.<type>`. */
function jobIdOf({ subject }: OutboxEvent): string {
  return subject.split(".")[3] ?? "";
}

/** The last part of `<job id>/<attempt>/<seq>`. */
function seqOf({ id }: OutboxEvent): number {
  return Number(id.slice(id.lastIndexOf("/") + 1));
}
