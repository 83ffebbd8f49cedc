/** The event stream on NATS JetStream: publishing, the outbox, replay of the events of a job, and the callback queue. */
export { keepAuditStream, publishAuditEntry } from "./audit.ts";
export { type CallbackQueue, openCallbackQueue, startCallbackConsumer } from "./callback_queue.ts";
export { createJobPublishing } from "./job_publishing.ts";
export { readLastSeq } from "./last_seq.ts";
export { Outbox } from "./outbox.ts";
export { contextOutboxEvent, jobOutboxEvent } from "./outbox_event.ts";
export { type EventStream, openEventStream } from "./stream.ts";
export { type Streamed, watchStream } from "./watch.ts";
