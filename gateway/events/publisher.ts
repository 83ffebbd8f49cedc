import { createInbox, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { StreamKeeper } from "../../cluster/mod.ts";
import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import { fitEvent, mostEventBytes } from "../../proto/mod.ts";
import { eventMessage, type Message, messageIdOf } from "./message.ts";

/** Most messages in flight to JetStream. */
const WINDOW = 1024;

/** Age at which an unacknowledged message is sent again, in milliseconds. */
const ACK_TIMEOUT_MS = 5000;

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;

/** Size of the unacknowledged messages at which `isFull` becomes true, in bytes. */
const FULL_BYTES = 64 * 1024 * 1024;

/** Cost of a message besides its payload, in bytes: headers, subject, bookkeeping. */
const OVERHEAD_BYTES = 1024;

/** JetStream's error code for an unexpected last sequence: the subject already has a message. */
const WRONG_LAST_SEQUENCE = 10071;

/** Called once: when JetStream has stored a message, or with the reason why it never will. */
type Done = (error?: Error) => void;

/** A message that waits for its acknowledgement. */
interface Entry {
  readonly number: number;
  readonly message: Message;
  readonly done: Done[];
  sentAt: number;
}

interface PublisherDeps {
  readonly nats: NatsConnection;
  readonly gatewayId: string;
  /** Creates the stream again when it is missing. */
  readonly keeper: Pick<StreamKeeper, "check">;
  readonly log: Pick<Logger, "warn" | "error">;
}

/**
 * Publishes messages to one JetStream stream in order, many at a time, and repeats each until it is acknowledged. The server drops
 * duplicates by `Nats-Msg-Id`, and those of final events at any time. After an outage all unacknowledged messages are sent again in order.
 * An event that exceeds the server's maximum payload is published in a reduced form.
 *
 * Acknowledgements arrive on one subscription: the client's own `publish` creates a promise and a timer per message.
 */
export class EventPublisher implements Disposable {
  readonly #deps: PublisherDeps;
  readonly #inbox: string;
  readonly #headers = createHeaders();
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

  /** Whether so many messages wait that events of the outbox should stay there. */
  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  /** Whether JetStream accepts messages at the moment, as far as known. */
  get isFlowing(): boolean {
    return this.#isConnected && this.#retry === undefined;
  }

  /** Number of unacknowledged events. */
  get waiting(): number {
    return this.#unacknowledged.size;
  }

  /** Whether this event is unacknowledged. */
  has(event: OutboxEvent): boolean {
    return this.#byMessageId.has(messageIdOf(event));
  }

  /** An event that already waits keeps its place. During an outage nodes may report it with every session that they open. */
  publish(event: OutboxEvent, published: () => void): void {
    this.#add(eventMessage(event, this.#deps.gatewayId), published);
  }

  /** Publishes a message. Resolves when JetStream has stored it. Rejects, and abandons the message, after the time limit. */
  async publishWithin(timeoutMs: number, message: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = this.#add(message, (error) => (error === undefined ? resolve() : reject(error)));
    const late = new Error(`JetStream did not store a message on ${message.subject} within ${timeoutMs} ms`);
    const timer = setTimeout(() => this.#finish(entry, late), timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Pauses: the connection is lost. */
  disconnected(): void {
    this.#isConnected = false;
  }

  /** Resumes: the connection is back, and messages in flight may be lost. */
  reconnected(): void {
    this.#isConnected = true;
    this.#sendAgain();
  }

  /** Waits until JetStream has stored everything, or the time limit passes. */
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

  #add(message: Message, done: Done): Entry {
    const waiting = this.#byMessageId.get(message.id);
    if (waiting !== undefined) {
      waiting.done.push(done);
      return waiting;
    }
    const entry = { number: ++this.#last, message, done: [done], sentAt: 0 };
    this.#unacknowledged.set(entry.number, entry);
    this.#byMessageId.set(message.id, entry);
    this.#bytes += sizeOf(message);
    // Together with everything else in this round of the event loop: the client writes to its socket once.
    if (this.#isScheduled) return entry;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
    return entry;
  }

  #pump(): void {
    if (!this.isFlowing || this.#isDisposed) return;
    for (; this.#inFlight < WINDOW && this.#next <= this.#last; this.#next++) {
      const entry = this.#unacknowledged.get(this.#next);
      if (entry !== undefined) this.#send(entry);
    }
  }

  #send(entry: Entry): void {
    const { nats, log } = this.#deps;
    const { subject, payload, id, headers: lines } = entry.message;
    try {
      this.#headers.bytes = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\n${lines}\r\n`);
      nats.publish(subject, fitEvent(payload, mostEventBytes(nats.info?.max_payload)), {
        headers: this.#headers,
        reply: `${this.#inbox}.${entry.number}`,
      });
      this.#inFlight++;
      entry.sentAt = performance.now();
    } catch (error) {
      // The client refuses what the server would: even the reduced form exceeds max_payload. Repeating cannot help.
      log.error({ err: error, subject }, "NATS refused an event");
      this.#finish(entry, new Error(`NATS refused a message on ${subject}: ${error}`, { cause: error }));
    }
  }

  #acknowledge(error: Error | null, message: Msg): void {
    const entry = this.#unacknowledged.get(Number(message.subject.slice(this.#inbox.length + 1)));
    if (entry === undefined) return;
    const refusal = error?.message ?? refusalOf(message);
    if (refusal !== undefined) {
      this.#pause(refusal);
      return;
    }
    this.#backOffMs = FIRST_BACK_OFF_MS;
    this.#finish(entry);
    this.#pump();
  }

  #finish(entry: Entry, error?: Error): void {
    const { number, message, done } = entry;
    if (number < this.#next) this.#inFlight--;
    this.#unacknowledged.delete(number);
    this.#byMessageId.delete(message.id);
    this.#bytes -= sizeOf(message);
    for (const each of done) each(error);
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
    const [oldest] = this.#unacknowledged.values();
    if (oldest === undefined || !this.#isConnected) return;
    const isSent = oldest.number < this.#next;
    if (isSent && performance.now() - oldest.sentAt > ACK_TIMEOUT_MS) this.#pause("no acknowledgement");
  }
}

function sizeOf({ payload }: Message): number {
  return payload.length + OVERHEAD_BYTES;
}

/** Headers as one block of bytes. The client only needs these; its own class validates, copies and joins each header. */
function createHeaders() {
  return Object.assign(headers(), {
    bytes: new Uint8Array(),
    encode(): Uint8Array {
      return this.bytes;
    },
  });
}

/** The reason why JetStream did not store a message. Undefined if it did. */
function refusalOf(message: Msg): string | undefined {
  // "No responders": JetStream is not up yet.
  if (message.headers?.code) return `status ${message.headers.code}`;
  const text = message.string();
  if (text.startsWith('{"stream":')) return undefined;
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return undefined;
  const { error } = answer;
  const isThere =
    typeof error === "object" && error !== null && "err_code" in error && error.err_code === WRONG_LAST_SEQUENCE;
  return isThere ? undefined : JSON.stringify(error);
}
