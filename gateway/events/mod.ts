/**
 * NATS as a gateway uses it: the stream of events, the consumers that all gateways share, and the replay of one job's events.
 * Imports `proto` and `cluster` only.
 */
export { keepAuditStream, publishAuditEntry } from "./audit.ts";
export { type CallbackQueue, openCallbackQueue, startCallbackConsumer } from "./callbacks.ts";
export { type EventSink, startConsumers } from "./consumers.ts";
export { readAttemptEnd } from "./ends.ts";
export { publishJobEvent, publishRecordedContextEvent, publishRecordedJobEvent } from "./publish.ts";
export { readEvent } from "./read.ts";
export { type EventStream, openEventStream } from "./stream.ts";
export { type Streamed, watchStream } from "./watch.ts";
