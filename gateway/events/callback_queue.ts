import { AckPolicy, type JsMsg, RetentionPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { readDurable } from "./durable.ts";
import type { EventStream } from "./stream.ts";

const STREAM_CONFIG = {
  name: "HEARTH_CALLBACKS",
  subjects: [callbackSubject("*")],
  retention: RetentionPolicy.Workqueue,
  // A callback that could not be delivered within this time is of no use any more.
  max_age: nanos(7 * 24 * 3600 * 1000),
  // Much longer than until another gateway finds what one that died left in the outbox.
  duplicate_window: nanos(10 * 60_000),
  deny_purge: true,
};

const DURABLE = "gateways";

/** Callbacks that one gateway has under way. */
const SLOTS = 64;

/** Beyond the time of one try: those that wait for a slot here. */
const ACK_MARGIN_MS = 30_000;

/** Factor by which the delay grows with each further try. */
const BACK_OFF = 4;
const LONGEST_DELAY_MS = 3600 * 1000;

/** Callbacks that a gateway remembers to have added, in case that the queue is lost with its server's disk. */
const REMEMBERED = 10_000;

/** Age at which one that was added is forgotten, in milliseconds. */
const REMEMBERED_MS = 3600 * 1000;

/** How long JetStream may take to store a callback, in milliseconds. */
const PUBLISH_TIMEOUT_MS = 5000;

/** Callbacks that are still to be made. */
export interface CallbackQueue {
  /** Resolves when the callback of the job is durable. */
  add(jobId: string): Promise<void>;
  /** The callback of the job was delivered or given up by this gateway. */
  settled(jobId: string): void;
}

/**
 * Opens the work queue of callbacks, a JetStream stream that holds a job's id until its callback was delivered or given up.
 *
 * Only jobs that have a callback cost anything. Their ends stay in the outbox until they are published and the id is here: a gateway that dies in
 * between leaves that to another one, and the id that is added twice is a duplicate.
 */
export async function openCallbackQueue(
  events: EventStream,
  { log }: { readonly log: Pick<Logger, "info" | "warn"> },
): Promise<CallbackQueue> {
  /** Times of the process at which they were added, by job; oldest first. */
  const added = new Map<string, number>();
  const publish = (id: string): Promise<void> =>
    events.callbackPublisher.publishWithin(PUBLISH_TIMEOUT_MS, {
      subject: callbackSubject(id),
      payload: "",
      id,
      headers: "",
    });

  // A queue that is new has lost what it held. A receiver may get a callback again that another gateway has delivered.
  const addAgain = async (): Promise<void> => {
    const since = performance.now() - REMEMBERED_MS;
    const jobs = [...added].filter(([, time]) => time >= since).map(([job]) => job);
    const outcomes = await Promise.allSettled(jobs.map(publish));
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    if (failed > 0) log.warn({ callbacks: failed }, "callbacks were lost with their queue");
    if (jobs.length > failed) log.info({ callbacks: jobs.length - failed }, "callbacks were queued again");
  };

  await events.keeper.keepStream(STREAM_CONFIG);
  events.keeper.onStreamRemade(STREAM_CONFIG.name, () => void addAgain());
  return {
    async add(jobId) {
      added.set(jobId, performance.now());
      for (const [oldest] of added) {
        if (added.size <= REMEMBERED) break;
        added.delete(oldest);
      }
      await publish(jobId);
    },
    settled: (jobId) => void added.delete(jobId),
  };
}

interface ConsumerOptions {
  /** Times that a callback is tried; the death of a gateway in the middle of one counts. */
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  readonly queue: Pick<CallbackQueue, "settled">;
  readonly log: Logger;
}

/** Makes a callback; rejects when it failed, or when the signal is aborted. */
export type Deliver = (jobId: string, options: { readonly signal: AbortSignal }) => Promise<void>;

/** Starts to take callbacks off the queue; each goes to one gateway, and back when it failed, with a growing delay. */
export async function startCallbackConsumer(
  events: EventStream,
  deliver: Deliver,
  { attempts, retryDelayMs, timeoutMs, queue, log }: ConsumerOptions,
): Promise<AsyncDisposable> {
  const config = {
    durable_name: DURABLE,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(timeoutMs + ACK_MARGIN_MS),
    // Those that wait for their next try count, so that many receivers that are down do not hold up the others.
    max_ack_pending: 50_000,
  };
  const reader = await readDurable(events, { stream: STREAM_CONFIG.name, config, maxMessages: SLOTS, log });
  const closing = new AbortController();

  const take = async (message: JsMsg): Promise<void> => {
    const job = jobIdOf(message);
    const attempt = message.info.deliveryCount;
    try {
      await deliver(job, { signal: closing.signal });
      message.ack();
      queue.settled(job);
    } catch (error) {
      if (closing.signal.aborted) message.nak();
      else if (attempt < attempts) message.nak(Math.min(retryDelayMs * BACK_OFF ** (attempt - 1), LONGEST_DELAY_MS));
      else {
        message.term();
        queue.settled(job);
      }
      log.warn({ job, attempt, attempts, err: error }, "a callback failed");
    }
  };
  const takeAll = async (): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    for await (const message of reader.messages) {
      const taken = take(message).finally(() => underWay.delete(taken));
      underWay.add(taken);
      if (underWay.size >= SLOTS) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  };
  const taken = takeAll();
  return {
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("the gateway is closing"));
      await reader[Symbol.asyncDispose]();
      await taken;
    },
  };
}

function callbackSubject(jobId: string): string {
  return `hearth.v1.callbacks.${jobId}`;
}

function jobIdOf({ subject }: JsMsg): string {
  return subject.split(".").at(-1) ?? "";
}
