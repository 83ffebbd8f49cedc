import { type ConsumerMessages, jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { EVENT_STREAM, FINAL_JOB_EVENTS, jobEventSubject } from "../../proto/subjects.ts";

/** An event as a subscriber of NATS sees it. */
export interface StoredEvent {
  readonly type: string;
  /** The CloudEvents attributes, without their prefix. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly contentType: string;
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of an event, as a client without our types sees it
  readonly json: any;
}

/** Reads the events of a job that JetStream has, and those to come, up to the final one. Rejects after thirty seconds. */
export async function readJobEvents(natsUrl: string, jobId: string): Promise<StoredEvent[]> {
  const final: readonly string[] = FINAL_JOB_EVENTS;
  return readEvents(natsUrl, jobEventSubject(jobId, "*"), ({ type }) => final.includes(type));
}

/** Reads the events on a subject, up to the last one. Rejects after thirty seconds. */
export async function readEvents(
  natsUrl: string,
  subject: string,
  isLast: (event: StoredEvent) => boolean,
): Promise<StoredEvent[]> {
  const nats = await connect({ servers: natsUrl });
  const events: StoredEvent[] = [];
  let messages: ConsumerMessages | undefined;
  const timer = setTimeout(() => messages?.stop(new Error(`No last event on ${subject}`)), 30_000);
  try {
    const consumer = await jetstream(nats).consumers.get(EVENT_STREAM, { filter_subjects: subject });
    messages = await consumer.consume();
    for await (const message of messages) {
      const attributes: Record<string, string> = {};
      for (const [name, [value]] of message.headers ?? []) {
        if (name.startsWith("ce-") && value !== undefined) attributes[name.slice(3)] = value;
      }
      const event = {
        type: message.subject.split(".").at(-1) ?? "",
        attributes,
        contentType: message.headers?.get("content-type") ?? "",
        json: message.json(),
      };
      events.push(event);
      if (isLast(event)) return events;
    }
    throw new Error(`The events on ${subject} ended early: ${events.map(({ type }) => type)}`);
  } finally {
    clearTimeout(timer);
    await nats.close();
  }
}
