import type { Logger } from "pino";
import { type Dao, isUnreadableRecord, type OutboxEvent } from "../../plugins/contract/mod.ts";
import { endsJob, type JobEvent } from "../../proto/mod.ts";
import type { CallbackQueue } from "./callback_queue.ts";
import type { EventPublisher } from "./publisher.ts";

/** Interval between looks for events that another gateway left behind, in milliseconds. */
const SWEEP_INTERVAL_MS = 2000;

/** How long an event is left to the gateway that stored it, in milliseconds. */
const GRACE_MS = 5000;

/** Events that are read, or removed, at a time. */
const PAGE = 64;

/** Events of one job that may be left. */
const MOST_OF_JOB = 20;

/** How long removals are collected, in milliseconds. */
const REMOVE_DELAY_MS = 20;

/** The longest wait for one page of the sweep to be published, in milliseconds. */
const PAGE_TIMEOUT_MS = 10_000;

/** `10` comes after `9`. */
const NUMERIC = new Intl.Collator("en", { numeric: true });

interface OutboxDeps {
  readonly dao: Pick<Dao, "outbox" | "jobs">;
  readonly publisher: EventPublisher;
  /** `seq` of the last event of a job that is published; undefined when that is not known. */
  readonly lastSeq: (jobId: string) => Promise<number | undefined>;
  readonly queue: Pick<CallbackQueue, "add">;
  readonly log: Pick<Logger, "warn">;
}

/**
 * Publishes the events that the store keeps with the changes which they report, and removes them once they are published and the callback of the
 * job, if it has one, is queued. What a gateway leaves behind when it dies, another one publishes. Disposing it removes what is published.
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

  /** Publishes an event that was just stored; `hasCallback`: it ends a job that wants a callback. */
  publish(event: OutboxEvent, { hasCallback }: { readonly hasCallback: boolean } = { hasCallback: false }): void {
    // Beyond that the sweep publishes it, once there is room.
    if (this.#deps.publisher.isFull) return;
    this.#hand(event, hasCallback);
  }

  /**
   * Publishes what the store keeps of a job, whichever gateway stored it. Resolves to whether that, and what comes before it, is before all that
   * is published from then on; false: the gateway that stored it may be about to publish it.
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

  /** Publishes what the store keeps of the attempts of a job before this one, whose node has lost the gateway that stored it. */
  async publishEarlier({ jobId, attempt }: Pick<JobEvent, "jobId" | "attempt">): Promise<void> {
    const events = await this.#waitingOf(jobId);
    for (const event of events) if (Number(event.id.split("/")[1]) < attempt) this.#hand(event, false);
  }

  /** What the store keeps of a job and this gateway has not handed to JetStream yet, in order. */
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

  /** Whether the gateway that stored it, and what came before, had the time to publish it. */
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
      // It stays, and the sweep tries again.
      if (added.status === "rejected") {
        this.#deps.log.warn({ err: added.reason, job: jobIdOf(event) }, "callback not queued; it is tried again");
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
    // The sweep finds them again, and JetStream drops the repetition.
    if (removed.status === "rejected") this.#deps.log.warn({ err: removed.reason }, "published events not removed");
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
    // Others cannot publish what they stored either: their time begins when JetStream is back.
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

  /** Rejects while the store does not say. Nobody can call back for a job whose record is damaged. */
  async #hasCallback(event: OutboxEvent): Promise<boolean> {
    if (!endsJob(event.subject.split(".").at(-1))) return false;
    const [job] = await Promise.allSettled([this.#deps.dao.jobs.get(jobIdOf(event))]);
    if (job.status === "fulfilled") return (job.value?.callbackUrl ?? "") !== "";
    if (isUnreadableRecord(job.reason)) return false;
    throw job.reason;
  }
}

/** Those of one job, or one context, by their attempts and numbers. */
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
