import { setTimeout as delay } from "node:timers/promises";
import type { ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Logger } from "pino";
import type { KeptConsumerConfig } from "../../cluster/mod.ts";
import type { EventStream } from "./stream.ts";

/** Delay before a consumer that could not be read is opened again, in milliseconds. */
const RETRY_MS = 500;

/** Status types of the library when a consumer or its stream may be gone. */
const SIGNS_OF_LOSS: ReadonlySet<string> = new Set([
  "consumer_deleted",
  "consumer_not_found",
  "stream_not_found",
  "no_responders",
  "heartbeats_missed",
]);

interface Durable {
  readonly stream: string;
  readonly config: KeptConsumerConfig;
  /** Messages per request. */
  readonly maxMessages: number;
  readonly log: Pick<Logger, "warn">;
}

/** Messages of a durable consumer that all gateways share. The iteration ends only at disposal. */
export interface DurableMessages extends AsyncDisposable {
  readonly messages: AsyncIterable<JsMsg>;
}

/** Creates a durable consumer and reads from it, and from its successor when it is replaced. */
export async function readDurable(
  { nats, js, keeper }: EventStream,
  { stream, config, maxMessages, log }: Durable,
): Promise<DurableMessages> {
  const closing = new AbortController();
  const { durable_name: name } = config;
  let current: ConsumerMessages | undefined;
  let generation = 0;
  await keeper.keepConsumer(stream, config, () => {
    generation += 1;
    current?.stop();
  });

  async function* readAll(): AsyncGenerator<JsMsg> {
    while (!closing.signal.aborted && !nats.isClosed()) {
      try {
        yield* readOnce();
      } catch (error) {
        if (closing.signal.aborted || nats.isClosed()) return;
        log.warn({ stream, consumer: name, err: error }, "JetStream consumer cannot be read; opening it again");
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  async function* readOnce(): AsyncGenerator<JsMsg> {
    const before = generation;
    const consumer = await js.consumers.get(stream, name);
    const messages = await consumer.consume({ max_messages: maxMessages });
    current = messages;
    const watched = checkOnLoss(messages);
    // It was closed or replaced meanwhile.
    if (closing.signal.aborted || generation !== before) messages.stop();
    yield* messages;
    await watched;
  }

  async function checkOnLoss(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) if (SIGNS_OF_LOSS.has(type)) void keeper.check();
  }

  return {
    messages: readAll(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await current?.close();
    },
  };
}
