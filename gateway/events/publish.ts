import { toJsonString } from "@bufbuild/protobuf";
import {
  type ContextEvent,
  ContextEventSchema,
  contextEventSubject,
  type JobEvent,
  JobEventSchema,
  jobEventSubject,
} from "../../proto/mod.ts";
import { publishCloudEvent } from "./cloud_event.ts";
import type { EventStream } from "./stream.ts";

/** Publishes an event that a gateway decided on, in the form of those of nodes. Resolves when the stream has it. */
export async function publishJobEvent(stream: EventStream, event: JobEvent, { gatewayId }: Publisher): Promise<void> {
  const type = event.event.case ?? "";
  const { jobId, time } = event;
  const id = `${jobId}/${event.attempt}/${event.seq}`;
  await publishCloudEvent(
    stream,
    { id, type: `hearth.v1.job.${type}`, subject: jobId, time, gatewayId },
    { to: jobEventSubject(jobId, type), payload: toJsonString(JobEventSchema, event) },
  );
}

/** As `publishJobEvent`, for an event of a context. */
export async function publishContextEvent(
  stream: EventStream,
  event: ContextEvent,
  { gatewayId }: Publisher,
): Promise<void> {
  const type = event.event.case ?? "";
  const { contextId, time } = event;
  const id = `${contextId}/${event.seq}`;
  await publishCloudEvent(
    stream,
    { id, type: `hearth.v1.context.${type}`, subject: contextId, time, gatewayId },
    { to: contextEventSubject(contextId, type), payload: toJsonString(ContextEventSchema, event) },
  );
}

interface Publisher {
  readonly gatewayId: string;
}
