import { headers, type MsgHdrs } from "@nats-io/transport-node";

/** An event of a gateway, without its payload. */
export interface CloudEvent {
  readonly id: string;
  /** Such as `hearth.v1.job.started`. */
  readonly type: string;
  /** What it is about, where that has an id. */
  readonly subject?: string | undefined;
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly gatewayId: string;
  /** Of messages with the same one JetStream keeps the first. */
  readonly messageId: string;
}

/**
 * The headers of a CloudEvent 1.0 in the NATS binary mode, and of JetStream's duplicate detection.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
 */
export function cloudEventHeaders({ id, type, subject, time, gatewayId, messageId }: CloudEvent): MsgHdrs {
  const all = headers();
  all.set("Nats-Msg-Id", messageId);
  all.set("ce-specversion", "1.0");
  all.set("ce-id", id);
  all.set("ce-type", type);
  all.set("ce-source", `/gateways/${gatewayId}`);
  if (subject !== undefined) all.set("ce-subject", subject);
  if (time !== undefined) all.set("ce-time", time);
  all.set("content-type", "application/json");
  return all;
}
