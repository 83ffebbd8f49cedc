import { setTimeout as delay } from "node:timers/promises";
import { fromJsonString } from "@bufbuild/protobuf";
import { type ConsumerMessages, DeliverPolicy, type OrderedConsumerOptions } from "@nats-io/jetstream";
import { natsUnavailable } from "../../proto/errors.ts";
import { EVENT_STREAM, type JobEvent, JobEventSchema, jobEventSubject } from "../../proto/mod.ts";
import type { EventStream } from "./stream.ts";

/** Wait before a stream that was lost is read again, in milliseconds. */
const RETRY_MS = 200;

interface WatchStream {
  /** Only events that the stream took at that time or later. */
  readonly since?: Date | undefined;
  readonly signal: AbortSignal;
}

/** An event, one that cannot be read, by its number on the stream, or, first of all, how many of the past will follow. */
export type Streamed = { readonly past: number } | { readonly skipped: number } | JobEvent;

/** Makes a consumer of its own. Rejects with Unavailable when JetStream does not answer. */
async function consume(js: EventStream["js"], options: Partial<OrderedConsumerOptions>) {
  try {
    const consumer = await js.consumers.get(EVENT_STREAM, options);
    const { num_pending: past } = await consumer.info(true);
    return { consumer, past, messages: await consumer.consume() };
  } catch (cause) {
    throw natsUnavailable(cause);
  }
}

/**
 * The events of a job from the stream: those that it still holds, then those to come. The first item says how many of the
 * past will follow; an event that cannot be read is logged and skipped. When the stream or the consumer was lost, begins anew with such an item and the events that there are: some may come
 * again. Never ends by itself; ends when the consumer of the generator does, and when the signal is aborted. Rejects with Unavailable when
 * JetStream does not answer at the first time.
 */
export async function* watchStream(
  events: EventStream,
  jobId: string,
  { since, signal }: WatchStream,
): AsyncGenerator<Streamed> {
  if (signal.aborted) return;
  const from =
    since === undefined
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
  const options = { filter_subjects: jobEventSubject(jobId, "*"), ...from };
  let opened = await consume(events.js, options);
  for (;;) {
    yield* readUntilLost(events, opened, signal);
    if (signal.aborted || events.nats.isClosed()) return;
    opened = await consumeAgain(events, options, signal);
  }
}

type Opened = Awaited<ReturnType<typeof consume>>;

/** Ends when the signal is aborted, and when the consumer or its stream is not what it was. */
async function* readUntilLost(
  { keeper, log }: EventStream,
  { consumer, past, messages }: Opened,
  signal: AbortSignal,
): AsyncGenerator<Streamed> {
  const stop = (): void => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  // On another stream the numbers that the consumer goes by mean something else.
  using _ = keeper.onStreamRemade(EVENT_STREAM, stop);
  void stopWhenDeleted(messages);
  if (signal.aborted) stop();
  try {
    yield { past };
    for await (const message of messages) {
      const event = tryReadEvent(message.data);
      if (event === undefined)
        log.warn({ subject: message.subject, seq: message.seq }, "a watcher skips an event that cannot be read");
      // It counts among those of the past all the same.
      yield event ?? { skipped: message.seq };
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // Its `close` waits for an iteration that may never have begun.
    messages.stop();
    // One that went with its stream is gone already.
    await Promise.allSettled([consumer.delete()]);
  }
}

/** The library would notice after missed heartbeats only. */
async function stopWhenDeleted(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) if (type === "consumer_deleted") messages.stop();
}

async function consumeAgain(
  { js, keeper }: EventStream,
  options: Partial<OrderedConsumerOptions>,
  signal: AbortSignal,
): Promise<Opened> {
  for (;;) {
    const [opened] = await Promise.allSettled([consume(js, options)]);
    if (opened.status === "fulfilled") return opened.value;
    if (signal.aborted) throw opened.reason;
    await keeper.check();
    await delay(RETRY_MS, undefined, { ref: false });
  }
}

/** What a newer gateway says beyond what this one knows is ignored. Undefined for what cannot be read. */
function tryReadEvent(payload: Uint8Array): JobEvent | undefined {
  try {
    return fromJsonString(JobEventSchema, new TextDecoder().decode(payload), { ignoreUnknownFields: true });
  } catch {
    return undefined;
  }
}
