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

/** Ensures that the audit stream exists, now and later. Rejects if it cannot be created now. */
export async function keepAuditStream({ keeper }: EventStream): Promise<void> {
  await keeper.keepStream(AUDIT_STREAM_CONFIG);
}

/** Does not wait for NATS to come back. */
const TIMEOUT_MS = 1000;

/**
 * Publishes an audit entry as a CloudEvent, like job events, cut to the server's maximum payload. Resolves when the stream has stored it.
 */
export async function publishAuditEntry({ auditPublisher }: EventStream, entry: AuditEntry): Promise<void> {
  const { time, gatewayId } = entry;
  const outcome = AuditEntry_Outcome[entry.outcome].toLowerCase();
  // The start and the end of a call are entries with one id.
  const id = entry.outcome === AuditEntry_Outcome.BEGUN ? `${entry.id}/begun` : entry.id;
  const ceTime = time && timestampDate(time).toISOString();
  const headers = cloudEventHeaders({ id, type: `hearth.v1.audit.${outcome}`, time: ceTime, gatewayId });
  const payload = toJsonString(AuditEntrySchema, entry);
  const subject = auditSubject(outcome, entry.permission);
  await auditPublisher.publishWithin(TIMEOUT_MS, { subject, payload, id, headers });
}
