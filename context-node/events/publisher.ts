import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { StreamKeeper } from "../../cluster/mod.ts";
import { fitEvent, mostEventBytes } from "../../proto/node.ts";
import { INBOX_PREFIX } from "../nats.ts";
import { type CloudEvent, cloudEventHeaders } from "./cloud_event.ts";

/** Messages that may be under way to JetStream without its acknowledgement. */
const WINDOW = 1024;

/** A message that JetStream did not acknowledge for so long is sent again. */
const ACK_TIMEOUT_MS = 5000;

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;

/** When so much waits for JetStream, what may be lost is dropped and `isFull` is true. */
const FULL_BYTES = 64 * 1024 * 1024;

/** What a message costs beside its payload: headers, subject, bookkeeping. */
const OVERHEAD_BYTES = 1024;

export interface Publication extends CloudEvent {
  readonly subject: string;
  readonly payload: string;
  /** Called once, when JetStream has stored it. */
  readonly stored?: (() => void) | undefined;
}

/** What is kept until it is acknowledged: strings, since many wait at a time; the headers are made when it is sent. */
interface Entry {
  readonly publication: Publication;
  sentAt: number;
}

interface PublisherDeps {
  readonly nats: NatsConnection;
  /** Makes the stream again when it is missing. */
  readonly keeper: Pick<StreamKeeper, "check">;
  readonly log: Pick<Logger, "warn" | "error">;
}

/**
 * Publishes to JetStream in order, many at a time, and again until each is acknowledged; the server drops what it has
 * already by its `Nats-Msg-Id`. After an outage everything unacknowledged is sent again in order. An event that is larger than the
 * server takes is published in a reduced form.
 *
 * Acknowledgements come on one subscription of ours: the client's own `publish` makes a promise and a timer a message.
 */
export class EventPublisher implements Disposable {
  readonly #nats: NatsConnection;
  readonly #keeper: PublisherDeps["keeper"];
  readonly #log: Pick<Logger, "warn" | "error">;
  readonly #inbox = createInbox(INBOX_PREFIX);
  /** By number, ascending. Those below `#next` were sent in this round. */
  readonly #unacknowledged = new Map<number, Entry>();
  readonly #sweep: NodeJS.Timeout;
  #last = 0;
  #next = 1;
  #inFlight = 0;
  #bytes = 0;
  #isConnected = true;
  #backOffMs = FIRST_BACK_OFF_MS;
  #retry: NodeJS.Timeout | undefined;
  #empty: PromiseWithResolvers<void> | undefined;
  #isScheduled = false;
  #isDisposed = false;

  constructor({ nats, keeper, log }: PublisherDeps) {
    this.#nats = nats;
    this.#keeper = keeper;
    this.#log = log;
    nats.subscribe(`${this.#inbox}.*`, { callback: (error, message) => this.#acknowledge(error, message) });
    this.#sweep = setInterval(() => this.#resendOverdue(), 1000);
  }

  /** Whether so much waits that its owner should take on no more work. */
  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  /** The largest JSON of an event that the server takes, in bytes. */
  get mostBytes(): number {
    return mostEventBytes(this.#nats.info?.max_payload);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  publish(publication: Publication): void {
    this.#unacknowledged.set(++this.#last, { publication, sentAt: 0 });
    this.#bytes += publication.payload.length + OVERHEAD_BYTES;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Together with all else that this round of the event loop brings: the client writes to its socket once.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** The connection was lost: nothing is sent until it is back. */
  disconnected(): void {
    this.#isConnected = false;
  }

  /** The connection is back: what was under way may be lost. */
  reconnected(): void {
    this.#isConnected = true;
    this.#sendAgain();
  }

  /** Waits until JetStream has all that was published, no longer than the timeout. Answers how much it still has not. */
  async flush({ timeoutMs }: { timeoutMs: number }): Promise<number> {
    if (this.#unacknowledged.size > 0) {
      this.#empty ??= Promise.withResolvers();
      const timer = setTimeout(this.#empty.resolve, timeoutMs);
      await this.#empty.promise;
      clearTimeout(timer);
    }
    return this.#unacknowledged.size;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearInterval(this.#sweep);
    clearTimeout(this.#retry);
  }

  #pump(): void {
    if (!this.#isConnected || this.#retry !== undefined || this.#isDisposed) return;
    for (; this.#inFlight < WINDOW && this.#next <= this.#last; this.#next++) {
      const entry = this.#unacknowledged.get(this.#next);
      if (entry !== undefined) this.#send(this.#next, entry);
    }
  }

  #send(number: number, entry: Entry): void {
    const { publication } = entry;
    try {
      this.#nats.publish(publication.subject, fitEvent(publication.payload, this.mostBytes), {
        headers: cloudEventHeaders(publication),
        reply: `${this.#inbox}.${number}`,
      });
      this.#inFlight++;
      entry.sentAt = performance.now();
    } catch (error) {
      // The client refuses what the server would: not even the reduced form is within its max_payload. Sending it again cannot help.
      this.#log.error({ err: error, subject: publication.subject }, "event not published: NATS refused it");
      this.#forget(number, entry);
    }
  }

  #acknowledge(error: Error | null, message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    const entry = this.#unacknowledged.get(number);
    if (entry === undefined) return;
    const refusal = error?.message ?? refusalOf(message);
    if (refusal !== undefined) {
      this.#pause(refusal);
      return;
    }
    this.#backOffMs = FIRST_BACK_OFF_MS;
    if (number < this.#next) this.#inFlight--;
    this.#forget(number, entry);
    entry.publication.stored?.();
    this.#pump();
  }

  #forget(number: number, entry: Entry): void {
    this.#unacknowledged.delete(number);
    this.#bytes -= entry.publication.payload.length + OVERHEAD_BYTES;
    if (this.#unacknowledged.size > 0) return;
    this.#empty?.resolve();
    this.#empty = undefined;
  }

  #pause(reason: string): void {
    if (this.#retry !== undefined || this.#isDisposed) return;
    this.#log.warn({ reason, unacknowledged: this.#unacknowledged.size }, "JetStream did not store an event");
    void this.#keeper.check();
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#sendAgain();
    }, this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, LONGEST_BACK_OFF_MS);
  }

  #sendAgain(): void {
    const [oldest] = this.#unacknowledged.keys();
    this.#inFlight = 0;
    this.#next = oldest ?? this.#last + 1;
    this.#pump();
  }

  #resendOverdue(): void {
    const [oldest] = this.#unacknowledged.entries();
    if (oldest === undefined || !this.#isConnected) return;
    const [number, entry] = oldest;
    if (number < this.#next && performance.now() - entry.sentAt > ACK_TIMEOUT_MS) this.#pause("no acknowledgement");
  }
}

/** Why JetStream did not store a message; undefined when it did. */
function refusalOf(message: Msg): string | undefined {
  // "No responders": JetStream is not up yet.
  if (message.headers?.code) return `status ${message.headers.code}`;
  const answer: unknown = message.json();
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return undefined;
  return JSON.stringify(answer.error);
}
