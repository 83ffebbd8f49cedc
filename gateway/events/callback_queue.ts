import { AckPolicy, type JsMsg, RetentionPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { readDurable } from "./durable.ts";
import type { EventStream } from "./stream.ts";

const STREAM_CONFIG = {
  name: "HEARTH_CALLBACKS",
  subjects: [callbackSubject("*")],
  retention: RetentionPolicy.Workqueue,
  // A callback that was not delivered within this time is useless.
  max_age: nanos(7 * 24 * 3600 * 1000),
  // Much longer than another gateway takes to find the outbox of a dead one.
  duplicate_window: nanos(10 * 60_000),
  deny_purge: true,
};

const DURABLE = "gateways";

/** Callbacks in flight per gateway. */
const SLOTS = 64;

/** Added to the timeout of one try, for callbacks that wait for a slot in this gateway, in milliseconds. */
const ACK_MARGIN_MS = 30_000;

/** Factor of the delay for each further try. */
const BACK_OFF = 4;
const LONGEST_DELAY_MS = 3600 * 1000;

/** Callbacks that a gateway remembers, in case the queue is lost with the disk of its server. */
const REMEMBERED = 10_000;

/** Age at which a callback is forgotten, in milliseconds. */
const REMEMBERED_MS = 3600 * 1000;

/** Time limit for JetStream to store a callback, in milliseconds. */
const PUBLISH_TIMEOUT_MS = 5000;

/** The queue of pending callbacks. */
export interface CallbackQueue {
  /** Resolves when the callback of the job is durable. */
  add(jobId: string): Promise<void>;
  /** Called when this gateway has delivered or abandoned the callback of the job. */
  settled(jobId: string): void;
}

/**
 * Opens the work queue of callbacks: a JetStream stream that holds the id of a job until its callback is delivered or abandoned.
 *
 * Only jobs with a callback cost anything. Their ends stay in the outbox until they are published and the id is queued: if a gateway dies
 * in between, another one continues, and JetStream drops an id that is added twice.
 */
export async function openCallbackQueue(
  events: EventStream,
  { log }: { readonly log: Pick<Logger, "info" | "warn"> },
): Promise<CallbackQueue> {
  /** When callbacks were added, by job, on the clock of `performance.now()`, the oldest first. */
  const added = new Map<string, number>();
  const publish = (id: string): Promise<void> =>
    events.callbackPublisher.publishWithin(PUBLISH_TIMEOUT_MS, {
      subject: callbackSubject(id),
      payload: "",
      id,
      headers: "",
    });

  // A new queue has lost its content. A receiver may get a callback twice that another gateway has delivered.
  const addAgain = async (): Promise<void> => {
    const since = performance.now() - REMEMBERED_MS;
    const jobs = [...added].filter(([, time]) => time >= since).map(([job]) => job);
    const outcomes = await Promise.allSettled(jobs.map(publish));
    const failed = outcomes.filter(({ status }) => status === "rejected").length;
    if (failed > 0) log.warn({ callbacks: failed }, "callbacks lost with their queue");
    if (jobs.length > failed) log.info({ callbacks: jobs.length - failed }, "callbacks queued again");
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
  /** Tries per callback. A try that a gateway's death interrupts counts. */
  readonly attempts: number;
  readonly retryDelayMs: number;
  readonly timeoutMs: number;
  readonly queue: Pick<CallbackQueue, "settled">;
  readonly log: Logger;
}

/** Makes a callback. Rejects if it fails or the signal is aborted. */
export type Deliver = (jobId: string, options: { readonly signal: AbortSignal }) => Promise<void>;

/** Starts to consume the queue. Each callback goes to one gateway, and returns with a growing delay when it fails. */
export async function startCallbackConsumer(
  events: EventStream,
  deliver: Deliver,
  { attempts, retryDelayMs, timeoutMs, queue, log }: ConsumerOptions,
): Promise<AsyncDisposable> {
  const config = {
    durable_name: DURABLE,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(timeoutMs + ACK_MARGIN_MS),
    // Counts those that wait for their next try, so that receivers that are down do not block others.
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
      log.warn({ job, attempt, attempts, err: error }, "callback failed");
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
