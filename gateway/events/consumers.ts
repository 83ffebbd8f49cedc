import { AckPolicy, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import type { Logger } from "pino";
import { ATTEMPT_END_EVENTS, contextEventSubject, EVENT_STREAM, jobEventSubject } from "../../proto/mod.ts";
import { createFailedDeliveries, type RetryPolicy } from "./deliveries.ts";
import { readDurable } from "./durable.ts";
import type { EventStream } from "./stream.ts";

const RETRY_DELAY_MS = 1000;

/**
 * Takes events off the stream. A rejection means that the event is delivered again, to this gateway or another, unless it is hopeless: see
 * `FailedDeliveries`.
 */
export interface EventSink {
  /**
   * An attempt has ended: the job is final, or waits for its next attempt. `later` asks for the event again: its job may be
   * on its way to the record by another gateway.
   */
  attemptEnded(
    jobId: string,
    event: { readonly payload: Uint8Array; readonly ageMs: number },
  ): Promise<"taken" | "later">;
  jobLogged(payload: Uint8Array): Promise<void>;
  contextChanged(payload: Uint8Array): Promise<void>;
  /** Rejects while nothing can be recorded. */
  checkStore(): Promise<void>;
}

/**
 * Starts the durable consumers that all gateways share: each end of an attempt and each change of a context is delivered to one
 * of them until it was recorded. One consumer for each type, because a NATS server before 2.10 filters by one subject only.
 */
export async function startConsumers(
  events: EventStream,
  sink: EventSink,
  { log, ...policy }: { readonly log: Logger } & RetryPolicy,
): Promise<AsyncDisposable> {
  const deliveries = createFailedDeliveries({ log, checkStore: () => sink.checkStore(), ...policy });
  await using starting = new AsyncDisposableStack();
  const consume = async (
    durable: string,
    subject: string,
    take: (message: JsMsg) => Promise<unknown>,
  ): Promise<void> => {
    const config = {
      durable_name: durable,
      filter_subject: subject,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: 20_000,
    };
    const reader = await readDurable(events, { stream: EVENT_STREAM, config, maxMessages: 1000, log });
    const takeOne = (message: JsMsg): void => {
      take(message).then(
        (answer) => {
          deliveries.taken(message);
          if (answer === "later") message.nak(RETRY_DELAY_MS);
          else message.ack();
        },
        (error: unknown) => deliveries.failed(message, error),
      );
    };
    const taken = (async () => {
      for await (const message of reader.messages) takeOne(message);
    })();
    starting.defer(async () => {
      await reader[Symbol.asyncDispose]();
      await taken;
    });
  };
  for (const type of ATTEMPT_END_EVENTS) {
    await consume(`gateways-${type}`, jobEventSubject("*", type), (message) => {
      // The clocks of NATS and of this machine may differ, or leap.
      const ageMs = (message.info.deliveryCount - 1) * RETRY_DELAY_MS;
      return sink.attemptEnded(subjectId(message), { payload: message.data, ageMs });
    });
  }
  await consume("gateways-logged", jobEventSubject("*", "logged"), async (message) => {
    await sink.jobLogged(message.data);
  });
  await consume("gateways-contexts", contextEventSubject("*", "*"), async (message) => {
    await sink.contextChanged(message.data);
  });
  return starting.move();
}

/** The id in `hearth.v1.jobs.<id>.<type>`. */
function subjectId({ subject }: JsMsg): string {
  return subject.split(".")[3] ?? "";
}
