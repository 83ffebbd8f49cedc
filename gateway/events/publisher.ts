import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { StreamKeeper } from "../../cluster/mod.ts";
import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import { endsJob, fitEvent, mostEventBytes } from "../../proto/mod.ts";
import { cloudEventHeaders } from "./cloud_event.ts";

/** Messages that may be under way to JetStream without its acknowledgement. */
const WINDOW = 1024;

/** Age of a message that JetStream did not acknowledge after which it is sent again, in milliseconds. */
const ACK_TIMEOUT_MS = 5000;

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;

/** When so much waits for JetStream, in bytes, `isFull` is true. */
const FULL_BYTES = 64 * 1024 * 1024;

/** What a message costs beside its payload, in bytes: headers, subject, bookkeeping. */
const OVERHEAD_BYTES = 1024;

/** JetStream's error code for a message whose expected sequence is not the last one: the subject has a message already. */
const WRONG_LAST_SEQUENCE = 10071;

/** What waits for its acknowledgement. The headers are made when it is sent. */
interface Entry {
  readonly event: OutboxEvent;
  /** Each called once, when JetStream has stored the event. */
  readonly published: (() => void)[];
  sentAt: number;
}

interface PublisherDeps {
  readonly nats: NatsConnection;
  readonly gatewayId: string;
  /** Makes the stream again when it is missing. */
  readonly keeper: Pick<StreamKeeper, "check">;
  readonly log: Pick<Logger, "warn" | "error">;
}

/**
 * Publishes events to JetStream in order, many at a time, and again until each is acknowledged. The server drops repetitions by
 * `Nats-Msg-Id`, and those of final events however late they come. After an outage everything unacknowledged is sent again in order. An event
 * that is larger than the server takes is published in a reduced form.
 *
 * Acknowledgements come on one subscription of ours: the client's own `publish` makes a promise and a timer a message.
 */
export class EventPublisher implements Disposable {
  readonly #deps: PublisherDeps;
  readonly #inbox: string;
  /** By number, ascending. Those below `#next` were sent in this round. */
  readonly #unacknowledged = new Map<number, Entry>();
  /** By message id. */
  readonly #byMessageId = new Map<string, Entry>();
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

  constructor(deps: PublisherDeps, { inboxPrefix }: { readonly inboxPrefix: string }) {
    this.#deps = deps;
    this.#inbox = createInbox(inboxPrefix);
    deps.nats.subscribe(`${this.#inbox}.*`, { callback: (error, message) => this.#acknowledge(error, message) });
    this.#sweep = setInterval(() => this.#resendOverdue(), 1000);
  }

  /** Whether so much waits that an event which the outbox has should be left to it. */
  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  /** Whether JetStream takes events at the moment, as far as is known. */
  get isFlowing(): boolean {
    return this.#isConnected && this.#retry === undefined;
  }

  /** Count of the events that wait for their acknowledgement. */
  get waiting(): number {
    return this.#unacknowledged.size;
  }

  /** Whether this event waits for its acknowledgement. */
  has(event: OutboxEvent): boolean {
    return this.#byMessageId.has(messageIdOf(event));
  }

  /** An event that waits already keeps its place: while JetStream is away, nodes may tell it with each session that they open. */
  publish(event: OutboxEvent, published: () => void): void {
    const messageId = messageIdOf(event);
    const waiting = this.#byMessageId.get(messageId);
    if (waiting !== undefined) {
      waiting.published.push(published);
      return;
    }
    const entry = { event, published: [published], sentAt: 0 };
    this.#unacknowledged.set(++this.#last, entry);
    this.#byMessageId.set(messageId, entry);
    this.#bytes += sizeOf(event);
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

  /** Waits until JetStream has all that was published, no longer than the timeout. */
  async flush({ timeoutMs }: { timeoutMs: number }): Promise<void> {
    if (this.#unacknowledged.size === 0) return;
    this.#empty ??= Promise.withResolvers();
    const timer = setTimeout(this.#empty.resolve, timeoutMs);
    await this.#empty.promise;
    clearTimeout(timer);
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
    const { nats, gatewayId, log } = this.#deps;
    const { event } = entry;
    try {
      nats.publish(event.subject, fitEvent(event.payload, mostEventBytes(nats.info?.max_payload)), {
        headers: headersOf(event, gatewayId),
        reply: `${this.#inbox}.${number}`,
      });
      this.#inFlight++;
      entry.sentAt = performance.now();
    } catch (error) {
      // The client refuses what the server would: not even the reduced form is within its max_payload. Sending it again cannot help.
      log.error({ err: error, subject: event.subject }, "event not published: NATS refused it");
      this.#finish(number, entry);
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
    this.#finish(number, entry);
    this.#pump();
  }

  #finish(number: number, { event, published }: Entry): void {
    this.#unacknowledged.delete(number);
    this.#byMessageId.delete(messageIdOf(event));
    this.#bytes -= sizeOf(event);
    for (const each of published) each();
    if (this.#unacknowledged.size > 0) return;
    this.#empty?.resolve();
    this.#empty = undefined;
  }

  #pause(reason: string): void {
    if (this.#retry !== undefined || this.#isDisposed) return;
    this.#deps.log.warn({ reason, unacknowledged: this.#unacknowledged.size }, "JetStream did not store an event");
    void this.#deps.keeper.check();
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

/** A decision about a job that lost what it told last may have the number of an event that comes after all: it is no copy of that. */
function messageIdOf({ id, subject }: OutboxEvent): string {
  return `${id}/${subject.slice(subject.lastIndexOf(".") + 1)}`;
}

function sizeOf({ payload }: OutboxEvent): number {
  return payload.length + OVERHEAD_BYTES;
}

function headersOf(event: OutboxEvent, gatewayId: string): MsgHdrs {
  const { id, subject, payload } = event;
  // hearth.v1.jobs.<id>.<type>
  const [, , kind = "", about, type] = subject.split(".");
  const ceType = `hearth.v1.${kind.slice(0, -1)}.${type}`;
  const messageId = messageIdOf(event);
  const all = cloudEventHeaders({ id, type: ceType, subject: about, time: timeOf(payload), gatewayId, messageId });
  // The window of `Nats-Msg-Id` is minutes; this holds for as long as the stream has the event.
  if (endsJob(type) && kind === "jobs") all.set("Nats-Expected-Last-Subject-Sequence", "0");
  return all;
}

/** `time` of the payload, which is one of its first members. */
function timeOf(payload: string): string | undefined {
  return /"time":"([^"]+)"/.exec(payload)?.[1];
}

/** Why JetStream did not store a message; undefined when it has it. */
function refusalOf(message: Msg): string | undefined {
  // "No responders": JetStream is not up yet.
  if (message.headers?.code) return `status ${message.headers.code}`;
  const answer: unknown = message.json();
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return undefined;
  const { error } = answer;
  const isThere =
    typeof error === "object" && error !== null && "err_code" in error && error.err_code === WRONG_LAST_SEQUENCE;
  return isThere ? undefined : JSON.stringify(error);
}
