import { DeliverPolicy, type OrderedConsumerOptions } from "@nats-io/jetstream";
import { natsUnavailable } from "../../proto/errors.ts";
import { EVENT_STREAM, type JobEvent, JobEventSchema, jobEventSubject } from "../../proto/mod.ts";
import { tryReadEvent } from "./read.ts";
import type { EventStream } from "./stream.ts";

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
 * past will follow; one that cannot be read is logged and skipped. Never ends by itself; ends when the consumer of the generator does, and when the signal is
 * aborted.
 */
export async function* watchStream(
  { js, log }: EventStream,
  jobId: string,
  { since, signal }: WatchStream,
): AsyncGenerator<Streamed> {
  if (signal.aborted) return;
  const from =
    since === undefined
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
  const { consumer, past, messages } = await consume(js, { filter_subjects: jobEventSubject(jobId, "*"), ...from });
  const stop = (): void => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    yield { past };
    for await (const message of messages) {
      const event = tryReadEvent(JobEventSchema, message.data);
      if (event === undefined)
        log.warn({ subject: message.subject, seq: message.seq }, "a watcher skips an event that cannot be read");
      // It counts among those of the past all the same.
      yield event ?? { skipped: message.seq };
    }
  } finally {
    signal.removeEventListener("abort", stop);
    await messages.close();
    await consumer.delete();
  }
}
