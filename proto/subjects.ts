/** Name of the JetStream stream that holds the events of jobs and contexts. */
export const EVENT_STREAM = "HEARTH";

/** Subjects of EVENT_STREAM. */
export const EVENT_SUBJECTS = ["hearth.v1.jobs.>", "hearth.v1.contexts.>"];

const NANOS_PER_SECOND = 1_000_000_000;

/**
 * Configuration of EVENT_STREAM, in terms of the JetStream API (times in nanoseconds), for the first that needs it. An existing stream
 * belongs to the operator and stays unchanged.
 */
export const EVENT_STREAM_CONFIG = {
  name: EVENT_STREAM,
  subjects: EVENT_SUBJECTS,
  storage: "file",
  retention: "limits",
  discard: "old",
  max_age: 7 * 24 * 3600 * NANOS_PER_SECOND,
  max_bytes: 1024 ** 3,
  duplicate_window: 120 * NANOS_PER_SECOND,
} as const;

/** Name of the JetStream stream that holds the audit log. */
export const AUDIT_STREAM = "HEARTH_AUDIT";

/** Configuration of AUDIT_STREAM, like EVENT_STREAM_CONFIG. Entries leave it by age and size only: nobody can delete or purge them. */
export const AUDIT_STREAM_CONFIG = {
  name: AUDIT_STREAM,
  subjects: ["hearth.v1.audit.>"],
  storage: "file",
  retention: "limits",
  discard: "old",
  max_age: 90 * 24 * 3600 * NANOS_PER_SECOND,
  max_bytes: 1024 ** 3,
  duplicate_window: 120 * NANOS_PER_SECOND,
  deny_delete: true,
  deny_purge: true,
} as const;

/** Service name of nodes in the NATS services protocol, so that `nats micro ls` shows them. */
export const NODE_SERVICE_NAME = "hearth-node";

/** A request of the NATS services protocol, to which each node also responds with its announcement. */
export const NODE_PING_SUBJECT = `$SRV.PING.${NODE_SERVICE_NAME}`;

/** A node's announcement, with each heartbeat: the JSON form of `hearth.v1.Node`. */
export const NODE_HEARTBEAT_SUBJECT = "hearth.v1.nodes.heartbeat";

/** A node's farewell: the JSON form of `hearth.v1.Node`, of which only `id` counts. */
export const NODE_FAREWELL_SUBJECT = "hearth.v1.nodes.farewell";

/** Milliseconds between two heartbeats. */
export const HEARTBEAT_INTERVAL_MS = 1000;

/** Silence after which a node or a session is down, in milliseconds: three heartbeats and a margin. */
export const SILENCE_LIMIT_MS = 3 * HEARTBEAT_INTERVAL_MS + 500;

/** The types of job events that end a job. */
export const FINAL_JOB_EVENTS = ["succeeded", "failed", "cancelled", "rejected"] as const;

/** The types of job events that end an attempt: the job is final, or waits for its next attempt. */
export const ATTEMPT_END_EVENTS = [...FINAL_JOB_EVENTS, "retrying"] as const;

const FINAL: ReadonlySet<string> = new Set(FINAL_JOB_EVENTS);
const ATTEMPT_ENDS: ReadonlySet<string> = new Set(ATTEMPT_END_EVENTS);

/** Whether a job is final after an event of this type. */
export function endsJob(type = ""): boolean {
  return FINAL.has(type);
}

/** Whether an attempt of a job is over after an event of this type: the job is final, or waits for its next attempt. */
export function endsAttempt(type = ""): boolean {
  return ATTEMPT_ENDS.has(type);
}

/** Subject of one type of event of one job; `*` or `>` as type watches all. */
export function jobEventSubject(jobId: string, type: string): string {
  return `hearth.v1.jobs.${jobId}.${type}`;
}

/** Subject of one type of event of one context; `*` or `>` as type watches all. */
export function contextEventSubject(contextId: string, type: string): string {
  return `hearth.v1.contexts.${contextId}.${type}`;
}

/** Subject of the audit entries with one outcome (`begun`, `done`, `failed`, `refused`) of one permission, such as `jobs:start`. */
export function auditSubject(outcome: string, permission: string): string {
  const [resource = "", verb = ""] = permission.split(":");
  return `hearth.v1.audit.${outcome}.${resource || "any"}.${verb || "any"}`;
}
