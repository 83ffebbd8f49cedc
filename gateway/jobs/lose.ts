import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { type Context, ContextEventSchema, type Job, JobError_Reason, JobEventSchema } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { publishContextEvent, publishJobEvent } from "../events/mod.ts";

/** Added to the last `seq` known, so that it is beyond whatever a lost node published and nobody recorded. */
const SEQ_LEAP = 1_000_000;

export type LoseDeps = Pick<Core, "jobs" | "contexts" | "events" | "gatewayId">;

/** Records and publishes that a job was lost with its node. */
export async function loseJob(deps: LoseDeps, job: Job, why: string): Promise<void> {
  const event = create(JobEventSchema, {
    jobId: job.id,
    attempt: job.attempt,
    seq: job.seq + SEQ_LEAP,
    time: timestampNow(),
    contextId: job.contextId,
    event: {
      case: "failed",
      value: { error: { reason: JobError_Reason.NODE_LOST, name: "NodeLost", message: `Job lost: ${why}` } },
    },
  });
  await deps.jobs.apply(event);
  await publishJobEvent(deps.events, event, deps);
}

/** Records and publishes that a context was lost with its node. */
export async function loseContext(deps: LoseDeps, context: Context, why: string): Promise<void> {
  const event = create(ContextEventSchema, {
    contextId: context.id,
    context: context.name,
    seq: SEQ_LEAP,
    time: timestampNow(),
    nodeId: context.nodeId,
    event: { case: "failed", value: { message: `Context lost: ${why}`, reason: JobError_Reason.NODE_LOST } },
  });
  await deps.contexts.apply(event);
  await publishContextEvent(deps.events, event, deps);
}
