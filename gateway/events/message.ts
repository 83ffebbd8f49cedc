import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import { endsJob } from "../../proto/mod.ts";

/** A message for JetStream. */
export interface Message {
  readonly subject: string;
  readonly payload: string;
  /** `Nats-Msg-Id`: JetStream drops later messages with the same id. */
  readonly id: string;
  /** Further headers, one per line, each with its line end. */
  readonly headers: string;
}

interface CloudEvent {
  readonly id: string;
  /** Such as `hearth.v1.job.started`. */
  readonly type: string;
  /** Subject of the event, if it has an id. */
  readonly subject?: string | undefined;
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly gatewayId: string;
}

/**
 * Headers of a CloudEvent 1.0 in the NATS binary mode. Ids and times contain no line ends, so values need no escaping.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
 */
export function cloudEventHeaders({ id, type, subject, time, gatewayId }: CloudEvent): string {
  const about = subject === undefined ? "" : `ce-subject: ${subject}\r\n`;
  const when = time === undefined ? "" : `ce-time: ${time}\r\n`;
  return `ce-specversion: 1.0\r\nce-id: ${id}\r\nce-type: ${type}\r\nce-source: /gateways/${gatewayId}\r\n${about}${when}content-type: application/json\r\n`;
}

/** A decision of a gateway may have the same number as an event that arrives late; their ids must differ. */
export function messageIdOf({ id, subject }: OutboxEvent): string {
  return `${id}/${subject.slice(subject.lastIndexOf(".") + 1)}`;
}

export function eventMessage(event: OutboxEvent, gatewayId: string): Message {
  const { id, subject, payload } = event;
  // hearth.v1.jobs.<id>.<type>
  const [, , kind = "", about, type] = subject.split(".");
  const ceType = `hearth.v1.${kind.slice(0, -1)}.${type}`;
  const headers = cloudEventHeaders({ id, type: ceType, subject: about, time: timeOf(payload), gatewayId });
  // `Nats-Msg-Id` covers minutes; this covers the whole life of the event on the stream.
  const isOnly = endsJob(type) && kind === "jobs";
  const all = isOnly ? `${headers}Nats-Expected-Last-Subject-Sequence: 0\r\n` : headers;
  return { subject, payload, id: messageIdOf(event), headers: all };
}

/**
 * Reads `time` of the payload, one of its first members. If there is none, the match may be a user's value, so only a valid time counts.
 */
function timeOf(payload: string): string | undefined {
  return /"time":"([\d:.TZ-]{20,30})"/.exec(payload)?.[1];
}
