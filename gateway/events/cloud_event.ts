import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { headers } from "@nats-io/transport-node";
import { fitEvent, mostEventBytes } from "../../proto/mod.ts";
import { type EventStream, publishAcknowledged } from "./stream.ts";

/** An event of a gateway, without its payload. */
export interface CloudEvent {
  /** Unique; of events with the same one JetStream keeps the first. */
  readonly id: string;
  /** Such as `hearth.v1.job.started`. */
  readonly type: string;
  /** What it is about, where that has an id. */
  readonly subject?: string | undefined;
  readonly time: Timestamp | undefined;
  readonly gatewayId: string;
}

interface Publication {
  /** On NATS. */
  readonly to: string;
  /** JSON. */
  readonly payload: string;
  /** The longest that the stream may take to say that it has the event; default 5 s. */
  readonly timeoutMs?: number | undefined;
}

/** Publishes a CloudEvent 1.0 (NATS protocol binding, binary mode), cut to what the server takes. Resolves when the stream has it. */
export async function publishCloudEvent(
  stream: Pick<EventStream, "js" | "nats" | "keeper">,
  { id, type, subject, time, gatewayId }: CloudEvent,
  { to, payload, timeoutMs }: Publication,
): Promise<void> {
  const attributes = headers();
  attributes.set("Nats-Msg-Id", id);
  attributes.set("ce-specversion", "1.0");
  attributes.set("ce-id", id);
  attributes.set("ce-type", type);
  attributes.set("ce-source", `/gateways/${gatewayId}`);
  if (subject !== undefined) attributes.set("ce-subject", subject);
  if (time !== undefined) attributes.set("ce-time", timestampDate(time).toISOString());
  attributes.set("content-type", "application/json");
  const fitting = fitEvent(payload, mostEventBytes(stream.nats.info?.max_payload));
  await publishAcknowledged(stream, { subject: to, payload: fitting }, { headers: attributes, timeoutMs });
}
