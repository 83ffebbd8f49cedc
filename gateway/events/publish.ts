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
export async function publishJobEvent(
  { js }: EventStream,
  event: JobEvent,
  { gatewayId }: { readonly gatewayId: string },
): Promise<void> {
  const type = event.event.case ?? "";
  const id = `${event.jobId}/${event.attempt}/${event.seq}`;
  const attributes = cloudEvent({
    id,
    type: `hearth.v1.job.${type}`,
    subject: event.jobId,
    time: event.time,
    gatewayId,
  });
  await js.publish(jobEventSubject(event.jobId, type), toJsonString(JobEventSchema, event), { headers: attributes });
}

/** As `publishJobEvent`, for an event of a context. */
export async function publishContextEvent(
  { js }: EventStream,
  event: ContextEvent,
  { gatewayId }: { readonly gatewayId: string },
): Promise<void> {
  const type = event.event.case ?? "";
  const id = `${event.contextId}/${event.seq}`;
  const attributes = cloudEvent({
    id,
    type: `hearth.v1.context.${type}`,
    subject: event.contextId,
    time: event.time,
    gatewayId,
  });
  await js.publish(contextEventSubject(event.contextId, type), toJsonString(ContextEventSchema, event), {
    headers: attributes,
  });
}

interface Attributes {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: JobEvent["time"];
  readonly gatewayId: string;
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
