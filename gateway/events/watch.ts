import { setTimeout as delay } from "node:timers/promises";
import { fromJsonString } from "@bufbuild/protobuf";
import { type ConsumerMessages, DeliverPolicy, type OrderedConsumerOptions } from "@nats-io/jetstream";
import { natsUnavailable } from "../../proto/errors.ts";
import { EVENT_STREAM, type JobEvent, JobEventSchema, jobEventSubject } from "../../proto/mod.ts";
import type { EventStream } from "./stream.ts";

/** Delay before a lost stream is read again, in milliseconds. */
const RETRY_MS = 200;

interface WatchStream {
  /** Only events that the stream stored at that time or later. */
  readonly since?: Date | undefined;
  readonly signal: AbortSignal;
}

/** An event, the sequence of one that cannot be read, or, first of all, the number of past events that follow. */
export type Streamed = { readonly past: number } | { readonly skipped: number } | JobEvent;

/** Creates a consumer. Rejects with Unavailable when JetStream does not respond. */
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
 * The events of a job on the stream, past ones first. The first item is the number of past events; an event that cannot be read is logged
 * and skipped. When the stream or the consumer is lost, starts again with such an item and the stored events, so that some may repeat. Ends
 * only when the reader stops or the signal is aborted. Rejects with Unavailable when JetStream does not respond the first time.
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

/** Ends when the signal is aborted, or the consumer or its stream has been replaced. */
async function* readUntilLost(
  { keeper, log }: EventStream,
  { consumer, past, messages }: Opened,
  signal: AbortSignal,
): AsyncGenerator<Streamed> {
  const stop = (): void => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  // The sequences of the consumer are those of this stream only.
  using _ = keeper.onStreamRemade(EVENT_STREAM, stop);
  void stopWhenDeleted(messages);
  if (signal.aborted) stop();
  try {
    yield { past };
    for await (const message of messages) {
      const event = tryReadEvent(message.data);
      if (event === undefined)
        log.warn({ subject: message.subject, seq: message.seq }, "skipped an event that cannot be read");
      // It still counts as a past event.
      yield event ?? { skipped: message.seq };
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // `close` waits for an iteration that may never have begun.
    messages.stop();
    // It is gone if its stream is.
    await Promise.allSettled([consumer.delete()]);
  }
}

/** The library would only notice after missed heartbeats. */
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

/** Ignores fields of newer gateways. Undefined for an event that cannot be read. */
function tryReadEvent(payload: Uint8Array): JobEvent | undefined {
  try {
    return fromJsonString(JobEventSchema, new TextDecoder().decode(payload), { ignoreUnknownFields: true });
  } catch {
    return undefined;
  }
}
