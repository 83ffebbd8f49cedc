import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  AUDIT_STREAM_CONFIG,
  type AuditEntry,
  AuditEntry_Outcome,
  AuditEntrySchema,
  auditSubject,
  fitEvent,
  mostEventBytes,
} from "../../proto/mod.ts";
import { cloudEventHeaders } from "./cloud_event.ts";
import { type EventStream, publishAcknowledged } from "./stream.ts";

/** Makes sure that the stream of the audit log exists, now and later. Rejects when that is not possible now. */
export async function keepAuditStream({ keeper }: EventStream): Promise<void> {
  await keeper.keepStream(AUDIT_STREAM_CONFIG);
}

/** That NATS is away is not waited for. */
const TIMEOUT_MS = 1000;

/** Publishes an entry of the audit log as a CloudEvent, like the events of jobs, cut to what the server takes. Resolves when the stream has it. */
export async function publishAuditEntry(stream: EventStream, entry: AuditEntry): Promise<void> {
  const { time, gatewayId } = entry;
  const outcome = AuditEntry_Outcome[entry.outcome].toLowerCase();
  // The beginning and the end of a call are entries of one id.
  const id = entry.outcome === AuditEntry_Outcome.BEGUN ? `${entry.id}/begun` : entry.id;
  const ceTime = time && timestampDate(time).toISOString();
  const headers = cloudEventHeaders({ id, type: `hearth.v1.audit.${outcome}`, time: ceTime, gatewayId, messageId: id });
  const payload = fitEvent(toJsonString(AuditEntrySchema, entry), mostEventBytes(stream.nats.info?.max_payload));
  const subject = auditSubject(outcome, entry.permission);
  await publishAcknowledged(stream, { subject, payload }, { headers, timeoutMs: TIMEOUT_MS });
}
