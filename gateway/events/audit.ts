import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AUDIT_STREAM_CONFIG,
  type AuditEntry,
  AuditEntry_Outcome,
  AuditEntrySchema,
  auditSubject,
} from "../../proto/mod.ts";
import { cloudEventHeaders } from "./message.ts";
import type { EventStream } from "./stream.ts";

/** Makes sure that the stream of the audit log exists, now and later. Rejects when that is not possible now. */
export async function keepAuditStream({ keeper }: EventStream): Promise<void> {
  await keeper.keepStream(AUDIT_STREAM_CONFIG);
}

/** That NATS is away is not waited for. */
const TIMEOUT_MS = 1000;

/** Publishes an entry of the audit log as a CloudEvent, like the events of jobs, cut to what the server takes. Resolves when the stream has it. */
export async function publishAuditEntry({ auditPublisher }: EventStream, entry: AuditEntry): Promise<void> {
  const { time, gatewayId } = entry;
  const outcome = AuditEntry_Outcome[entry.outcome].toLowerCase();
  // The beginning and the end of a call are entries of one id.
  const id = entry.outcome === AuditEntry_Outcome.BEGUN ? `${entry.id}/begun` : entry.id;
  const ceTime = time && timestampDate(time).toISOString();
  const headers = cloudEventHeaders({ id, type: `hearth.v1.audit.${outcome}`, time: ceTime, gatewayId });
  const payload = toJsonString(AuditEntrySchema, entry);
  const subject = auditSubject(outcome, entry.permission);
  await auditPublisher.publishWithin(TIMEOUT_MS, { subject, payload, id, headers });
}
