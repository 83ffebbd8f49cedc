import { toJsonString } from "@bufbuild/protobuf";
import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import {
  type ContextEvent,
  ContextEventSchema,
  contextEventSubject,
  hasInfinity,
  hasLoneSurrogate,
  type JobEvent,
  JobEventSchema,
  jobEventSubject,
  nestsDeeper,
} from "../../proto/mod.ts";

/** The largest result that is part of its event, in bytes of JSON; see `hearth.v1.JobSucceeded`. */
const LARGEST_VALUE_BYTES = 64 * 1024;

/** A job's event as it is published, with the result (JSON, UTF-8) where it is small. */
export function jobOutboxEvent(event: JobEvent, result?: Uint8Array): OutboxEvent {
  const { jobId, attempt, seq } = event;
  const payload = toJsonString(JobEventSchema, event);
  return {
    id: `${jobId}/${attempt}/${seq}`,
    subject: jobEventSubject(jobId, event.event.case ?? ""),
    payload: event.event.case === "succeeded" ? withValue(payload, result) : payload,
  };
}

/** A context's event as it is published. */
export function contextOutboxEvent(event: ContextEvent): OutboxEvent {
  const { contextId, seq } = event;
  return {
    id: `${contextId}/${seq}`,
    subject: contextEventSubject(contextId, event.event.case ?? ""),
    payload: toJsonString(ContextEventSchema, event),
  };
}

/** Splices the result into the JSON of an event, whose last member is `"succeeded":{"result":{…}}`. */
function withValue(payload: string, result: Uint8Array | undefined): string {
  if (result === undefined || result.length === 0 || result.length > LARGEST_VALUE_BYTES) return payload;
  const text = Buffer.from(result).toString();
  return isPlain(text) && payload.endsWith("}}}") ? `${payload.slice(0, -2)},"value":${text}}}` : payload;
}

/** Whether it is JSON that every reader of the event can read. */
function isPlain(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return !nestsDeeper(value) && !hasInfinity(value) && !hasLoneSurrogate(value);
  } catch {
    return false;
  }
}
