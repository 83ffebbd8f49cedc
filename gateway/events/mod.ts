/**
 * NATS as a gateway uses it: the stream of events, which gateways alone write, and the replay of one job's events.
 * Imports `proto`, `cluster` and the contract only.
 */
export { keepAuditStream, publishAuditEntry } from "./audit.ts";
export { type CallbackQueue, openCallbackQueue, startCallbackConsumer } from "./callbacks.ts";
export { createJobPublishing } from "./job_publishing.ts";
export { readLastSeq } from "./last_seq.ts";
export { Outbox } from "./outbox.ts";
export { contextOutboxEvent, jobOutboxEvent } from "./outbox_event.ts";
export { type EventStream, openEventStream } from "./stream.ts";
export { type Streamed, watchStream } from "./watch.ts";
