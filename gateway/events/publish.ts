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
export async function publishJobEvent(
  stream: EventStream,
  event: JobEvent,
  { gatewayId, timeoutMs }: Publisher,
): Promise<void> {
  const type = event.event.case ?? "";
  const { jobId, time } = event;
  const id = `${jobId}/${event.attempt}/${event.seq}`;
  await publishCloudEvent(
    stream,
    { id, type: `hearth.v1.job.${type}`, subject: jobId, time, gatewayId },
    { to: jobEventSubject(jobId, type), payload: toJsonString(JobEventSchema, event), timeoutMs },
  );
}

/** As `publishJobEvent`, for an event of a context. */
async function publishContextEvent(
  stream: EventStream,
  event: ContextEvent,
  { gatewayId, timeoutMs }: Publisher,
): Promise<void> {
  const type = event.event.case ?? "";
  const { contextId, time } = event;
  const id = `${contextId}/${event.seq}`;
  await publishCloudEvent(
    stream,
    { id, type: `hearth.v1.context.${type}`, subject: contextId, time, gatewayId },
    { to: contextEventSubject(contextId, type), payload: toJsonString(ContextEventSchema, event), timeoutMs },
  );
}

/** How long an event that is recorded already is waited for, in milliseconds, before it is published in the background. */
const RECORDED_TIMEOUT_MS = 1000;

/** As `publishJobEvent`, for one that is in the record already: what the stream does not take now it gets later. */
export function publishRecordedJobEvent(stream: EventStream, event: JobEvent, publisher: Publisher): Promise<void> {
  return publishNowOrLater(stream, (options) => publishJobEvent(stream, event, { ...publisher, ...options }));
}

/** As `publishRecordedJobEvent`, for an event of a context. */
export function publishRecordedContextEvent(
  stream: EventStream,
  event: ContextEvent,
  publisher: Publisher,
): Promise<void> {
  return publishNowOrLater(stream, (options) => publishContextEvent(stream, event, { ...publisher, ...options }));
}

async function publishNowOrLater(
  { outbox }: EventStream,
  publish: (options: Pick<Publisher, "timeoutMs">) => Promise<void>,
): Promise<void> {
  const [now] = await Promise.allSettled([publish({ timeoutMs: RECORDED_TIMEOUT_MS })]);
  if (now.status === "rejected") outbox.add(() => publish({}));
}

interface Publisher {
  readonly gatewayId: string;
  /** The longest that the stream may take to say that it has the event; default 5 s. */
  readonly timeoutMs?: number | undefined;
}
