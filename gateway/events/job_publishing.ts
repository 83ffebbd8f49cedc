import type { OutboxEvent } from "../../plugins/contract/mod.ts";
import type { JobEvent } from "../../proto/mod.ts";
import { readLastSeq } from "./last_seq.ts";
import type { Outbox } from "./outbox.ts";
import { jobOutboxEvent } from "./outbox_event.ts";
import type { EventStream } from "./stream.ts";

/** Publishes job events for the job registry; see `JobPublishing` there. */
export function createJobPublishing(events: EventStream, outbox: Outbox) {
  return {
    publish: (event: JobEvent, published: () => void) => events.publisher.publish(jobOutboxEvent(event), published),
    publishOutbox: (event: OutboxEvent, options: { readonly hasCallback: boolean }) => outbox.publish(event, options),
    publishLeft: (jobId: string) => outbox.publishLeft(jobId),
    publishEarlier: (event: JobEvent) => outbox.publishEarlier(event),
    lastSeq: (jobId: string) => readLastSeq(events, jobId),
  };
}
