import { headers, type MsgHdrs } from "@nats-io/transport-node";

/** The attributes of a CloudEvent whose payload is JSON. */
export interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** What it happened to. */
  readonly about: string;
  readonly time: Date;
}

/**
 * The headers of a CloudEvent 1.0 in the NATS binary mode, and of JetStream's duplicate detection.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
 */
export function cloudEventHeaders({ id, type, source, about, time }: CloudEvent): MsgHdrs {
  const all = headers();
  all.set("Nats-Msg-Id", id);
  all.set("ce-specversion", "1.0");
  all.set("ce-id", id);
  all.set("ce-type", type);
  all.set("ce-source", source);
  all.set("ce-subject", about);
  all.set("ce-time", time.toISOString());
  all.set("content-type", "application/json");
  return all;
}
