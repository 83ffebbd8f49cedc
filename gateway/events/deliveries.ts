import type { JsMsg } from "@nats-io/jetstream";
import type { Logger } from "pino";
import { isUnreadableRecord } from "../../plugins/contract/mod.ts";
import { UnreadableEvent } from "./read.ts";

/** Failed deliveries of one event, while the store works, after which it is given up: a quarter of an hour with these delays. */
const MOST_FAILURES = 35;
const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** Events whose failures are counted at a time; beyond it, the one that failed longest ago is counted anew. */
const MOST_COUNTED = 20_000;

export interface RetryPolicy {
  readonly mostFailures?: number | undefined;
  readonly firstDelayMs?: number | undefined;
}

interface DeliveryDeps extends RetryPolicy {
  readonly log: Logger;
  /** Rejects while nothing can be stored: then no event is at fault. */
  readonly checkStore: () => Promise<void>;
}

/** What becomes of events that the record did not take. */
export interface FailedDeliveries {
  /** Asks for the event again after a delay that grows, or takes it off the consumer for good, and logs why. Never rejects. */
  failed(message: JsMsg, error: unknown): Promise<void>;
  /** The event was taken after all. */
  taken(message: JsMsg): void;
}

/**
 * An event that cannot be read, or whose record cannot, is given up at once; one that fails again and again while the store works, after a
 * bounded number of deliveries. It stays on the stream, from where the reconciler reads the end of a job that nobody recorded.
 */
export function createFailedDeliveries({
  log,
  checkStore,
  mostFailures = MOST_FAILURES,
  firstDelayMs = FIRST_DELAY_MS,
}: DeliveryDeps): FailedDeliveries {
  /** By the number of the event on the stream, in the order of their last failures. */
  const failures = new Map<number, number>();

  function keepCount(seq: number, count: number): void {
    failures.delete(seq);
    // An event that failed only while the store was away may be taken by another gateway: nobody would delete its entry.
    if (count === 0) return;
    failures.set(seq, count);
    if (failures.size <= MOST_COUNTED) return;
    const [oldest] = failures.keys();
    if (oldest !== undefined) failures.delete(oldest);
  }

  function giveUp(message: JsMsg, error: unknown, why: string): void {
    failures.delete(message.seq);
    log.error({ subject: message.subject, seq: message.seq, err: error }, `an event is given up: ${why}`);
    message.term();
  }

  return {
    async failed(message, error) {
      if (error instanceof UnreadableEvent) return giveUp(message, error, "it cannot be read");
      if (isUnreadableRecord(error)) return giveUp(message, error, "the record of its job or context cannot be read");
      const [health] = await Promise.allSettled([checkStore()]);
      const count = (failures.get(message.seq) ?? 0) + (health.status === "fulfilled" ? 1 : 0);
      if (count >= mostFailures) return giveUp(message, error, `it was not recorded in ${count} deliveries`);
      keepCount(message.seq, count);
      const { subject, seq } = message;
      if (count <= 1) log.warn({ subject, seq, err: error }, "an event was not recorded; it will be delivered again");
      message.nak(Math.min(firstDelayMs * 2 ** Math.max(0, count - 1), LONGEST_DELAY_MS));
    },
    taken({ seq }) {
      failures.delete(seq);
    },
  };
}
