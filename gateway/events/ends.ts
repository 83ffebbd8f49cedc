import { jetstreamManager } from "@nats-io/jetstream";
import { ATTEMPT_END_EVENTS, EVENT_STREAM, type JobEvent, JobEventSchema, jobEventSubject } from "../../proto/mod.ts";
import { tryReadEvent } from "./read.ts";
import type { EventStream } from "./stream.ts";

/**
 * The event that ended an attempt of a job, when the stream has it: who was to record it may have died before it did, and its node does
 * not hold what the stream has. Rejects when JetStream does not answer.
 */
export async function readAttemptEnd(
  { nats }: EventStream,
  { jobId, attempt }: Pick<JobEvent, "jobId" | "attempt">,
): Promise<JobEvent | undefined> {
  const { streams } = await jetstreamManager(nats, { checkAPI: false });
  const last = await Promise.all(
    ATTEMPT_END_EVENTS.map((type) => streams.getMessage(EVENT_STREAM, { last_by_subj: jobEventSubject(jobId, type) })),
  );
  // One that cannot be read ended nothing that can be recorded; the consumer of ends logs it.
  const events = last.map((message) => message && tryReadEvent(JobEventSchema, message.data));
  return events
    .filter((event) => event?.attempt === attempt)
    .filter((event) => event !== undefined && event !== null)
    .sort((a, b) => b.seq - a.seq)[0];
}
