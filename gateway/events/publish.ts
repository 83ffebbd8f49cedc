import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { headers } from "@nats-io/transport-node";
import {
  type ContextEvent,
  ContextEventSchema,
  contextEventSubject,
  type JobEvent,
  JobEventSchema,
  jobEventSubject,
} from "../../proto/mod.ts";
import type { EventStream } from "./stream.ts";

/** Publishes an event that a gateway decided on, in the form of those of nodes. Resolves when the stream has it. */
export async function publishJobEvent(stream: EventStream, event: JobEvent, { gatewayId }: Publisher): Promise<void> {
  const type = event.event.case ?? "";
  await publish(stream, jobEventSubject(event.jobId, type), toJsonString(JobEventSchema, event), {
    id: `${event.jobId}/${event.attempt}/${event.seq}`,
    type: `hearth.v1.job.${type}`,
    subject: event.jobId,
    time: event.time,
    gatewayId,
  });
}

/** As `publishJobEvent`, for an event of a context. */
export async function publishContextEvent(
  stream: EventStream,
  event: ContextEvent,
  { gatewayId }: Publisher,
): Promise<void> {
  const type = event.event.case ?? "";
  await publish(stream, contextEventSubject(event.contextId, type), toJsonString(ContextEventSchema, event), {
    id: `${event.contextId}/${event.seq}`,
    type: `hearth.v1.context.${type}`,
    subject: event.contextId,
    time: event.time,
    gatewayId,
  });
}

interface Publisher {
  readonly gatewayId: string;
}

interface Attributes extends Publisher {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: JobEvent["time"];
}

async function publish({ js }: EventStream, subject: string, payload: string, attributes: Attributes): Promise<void> {
  await js.publish(subject, payload, { headers: cloudEvent(attributes) });
}

/** CloudEvents 1.0, NATS protocol binding, binary mode. */
function cloudEvent({ id, type, subject, time, gatewayId }: Attributes) {
  const attributes = headers();
  attributes.set("Nats-Msg-Id", id);
  attributes.set("ce-specversion", "1.0");
  attributes.set("ce-id", id);
  attributes.set("ce-type", type);
  attributes.set("ce-source", `/gateways/${gatewayId}`);
  attributes.set("ce-subject", subject);
  attributes.set("content-type", "application/json");
  if (time !== undefined) attributes.set("ce-time", timestampDate(time).toISOString());
  return attributes;
}
