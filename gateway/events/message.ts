import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import { endsJob } from "../../proto/mod.ts";

/** What is published to JetStream. */
export interface Message {
  readonly subject: string;
  readonly payload: string;
  /** `Nats-Msg-Id`: JetStream keeps the first message of each. */
  readonly id: string;
  /** The other headers, each line with its end. */
  readonly headers: string;
}

interface CloudEvent {
  readonly id: string;
  /** Such as `hearth.v1.job.started`. */
  readonly type: string;
  /** What it is about, where that has an id. */
  readonly subject?: string | undefined;
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly gatewayId: string;
}

/**
 * The headers of a CloudEvent 1.0 in the NATS binary mode. No value may have a line end: ids and times have none.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
 */
export function cloudEventHeaders({ id, type, subject, time, gatewayId }: CloudEvent): string {
  const about = subject === undefined ? "" : `ce-subject: ${subject}\r\n`;
  const when = time === undefined ? "" : `ce-time: ${time}\r\n`;
  return `ce-specversion: 1.0\r\nce-id: ${id}\r\nce-type: ${type}\r\nce-source: /gateways/${gatewayId}\r\n${about}${when}content-type: application/json\r\n`;
}

/** A decision about a job that lost what it told last may have the number of an event that comes after all: it is no copy of that. */
export function messageIdOf({ id, subject }: OutboxEvent): string {
  return `${id}/${subject.slice(subject.lastIndexOf(".") + 1)}`;
}

export function eventMessage(event: OutboxEvent, gatewayId: string): Message {
  const { id, subject, payload } = event;
  // hearth.v1.jobs.<id>.<type>
  const [, , kind = "", about, type] = subject.split(".");
  const ceType = `hearth.v1.${kind.slice(0, -1)}.${type}`;
  const headers = cloudEventHeaders({ id, type: ceType, subject: about, time: timeOf(payload), gatewayId });
  // The window of `Nats-Msg-Id` is minutes; this holds for as long as the stream has the event.
  const isOnly = endsJob(type) && kind === "jobs";
  const all = isOnly ? `${headers}Nats-Expected-Last-Subject-Sequence: 0\r\n` : headers;
  return { subject, payload, id: messageIdOf(event), headers: all };
}

/** `time` of the payload, which is one of its first members. Of one that has none, a value of a user may be found: nothing but a time counts. */
function timeOf(payload: string): string | undefined {
  return /"time":"([\d:.TZ-]{20,30})"/.exec(payload)?.[1];
}
