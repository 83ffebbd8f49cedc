import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { headers } from "@nats-io/transport-node";
import {
  AUDIT_STREAM_CONFIG,
  type AuditEntry,
  AuditEntry_Outcome,
  AuditEntrySchema,
  auditSubject,
} from "../../proto/mod.ts";
import { type EventStream, ensureStream } from "./stream.ts";

/** Makes sure that the stream of the audit log exists. Rejects when it cannot be had. */
export async function ensureAuditStream({ nats }: EventStream): Promise<void> {
  await ensureStream(nats, { ...AUDIT_STREAM_CONFIG, subjects: [...AUDIT_STREAM_CONFIG.subjects] });
}

/** Publishes an entry of the audit log as a CloudEvent, like the events of jobs. Resolves when the stream has it. */
export async function publishAuditEntry({ js }: EventStream, entry: AuditEntry): Promise<void> {
  const outcome = AuditEntry_Outcome[entry.outcome].toLowerCase();
  const attributes = headers();
  attributes.set("Nats-Msg-Id", entry.id);
  attributes.set("ce-specversion", "1.0");
  attributes.set("ce-id", entry.id);
  attributes.set("ce-type", `hearth.v1.audit.${outcome}`);
  attributes.set("ce-source", `/gateways/${entry.gatewayId}`);
  attributes.set("content-type", "application/json");
  if (entry.time !== undefined) attributes.set("ce-time", timestampDate(entry.time).toISOString());
  const payload = toJsonString(AuditEntrySchema, entry);
  await js.publish(auditSubject(outcome, entry.permission), payload, { headers: attributes });
}
