import { printJson } from "../../lib/transcode/mod.ts";
import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import {
  type ContextEvent,
  ContextEventSchema,
  contextEventSubject,
  type JobEvent,
  JobEventSchema,
  jobEventSubject,
} from "../../proto/mod.ts";
import { resultText } from "../result_text.ts";

/** Largest result that is part of its event, in bytes of JSON; see `hearth.v1.JobSucceeded`. */
const LARGEST_VALUE_BYTES = 64 * 1024;

/** The event of a job as published, with the result (JSON, UTF-8) if it is small. */
export function jobOutboxEvent(event: JobEvent, result?: Uint8Array): OutboxEvent {
  const { jobId, attempt, seq } = event;
  const payload = printJson(JobEventSchema, event);
  return {
    id: `${jobId}/${attempt}/${seq}`,
    subject: jobEventSubject(jobId, event.event.case ?? ""),
    payload: event.event.case === "succeeded" ? withValue(payload, result) : payload,
  };
}

/** The event of a context as published. */
export function contextOutboxEvent(event: ContextEvent): OutboxEvent {
  const { contextId, seq } = event;
  return {
    id: `${contextId}/${seq}`,
    subject: contextEventSubject(contextId, event.event.case ?? ""),
    payload: printJson(ContextEventSchema, event),
  };
}

/** Splices the result into the JSON of an event, whose last member is `"succeeded":{"result":{…}}`. */
function withValue(payload: string, result: Uint8Array | undefined): string {
  if (result === undefined || result.length === 0 || result.length > LARGEST_VALUE_BYTES) return payload;
  const text = resultText(result);
  return text !== undefined && payload.endsWith("}}}") ? `${payload.slice(0, -2)},"value":${text}}}` : payload;
}
