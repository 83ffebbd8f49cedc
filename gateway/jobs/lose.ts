import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import {
  type Context,
  Context_State,
  type ContextEvent,
  ContextEventSchema,
  type Job,
  JobError_Reason,
  JobEventSchema,
} from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { publishContextEvent, publishJobEvent } from "../events/mod.ts";
import { retryDelayMs } from "./retry_delay.ts";

/** Added to the last `seq` known, so that it is beyond whatever a lost node published and nobody recorded. */
const SEQ_LEAP = 1_000_000;

export type LoseDeps = Pick<Core, "jobs" | "contexts" | "events" | "gatewayId">;

type Reason = JobError_Reason.NODE_LOST | JobError_Reason.CONTEXT_LOST;

/** Records and publishes that a job was lost: it is tried again when it may be, else it has failed. */
export async function loseJob(
  deps: LoseDeps,
  job: Job,
  why: string,
  reason: Reason = JobError_Reason.NODE_LOST,
): Promise<void> {
  const error = { reason, name: JobError_Reason[reason], message: `Job lost: ${why}` };
  if (job.attempt >= job.maxAttempts) return decide(deps, job, { case: "failed", value: { error } });
  const nextAttemptTime = timestampFromMs(Date.now() + retryDelayMs(job));
  // The job tells when its first attempt began.
  const startTime = job.attempt === 1 ? job.startTime : undefined;
  return decide(deps, job, { case: "retrying", value: { error, nextAttemptTime, startTime } });
}

/** Records and publishes that a job that no node holds was cancelled. */
export async function cancelIdleJob(deps: LoseDeps, job: Job, message: string): Promise<void> {
  const error = { reason: JobError_Reason.CANCELLED, name: "Cancelled", message };
  await decide(deps, job, { case: "cancelled", value: { error } });
}

/** Whether a context that its node has lost is given to another one: it was made to last, and has run. */
export function canMove({ adHoc, state }: Context): boolean {
  return !adHoc && (state === Context_State.RUNNING || state === Context_State.RESTARTING);
}

/** Records and publishes that its node has lost a context: it begins anew where it can move, else it has failed. */
export async function loseContext(deps: LoseDeps, context: Context, why: string): Promise<void> {
  if (context.state === Context_State.RESTARTING && canMove(context)) return;
  const lost = { message: `Context lost: ${why}`, reason: JobError_Reason.NODE_LOST };
  const event = create(ContextEventSchema, {
    contextId: context.id,
    context: context.name,
    seq: context.seq + SEQ_LEAP,
    time: timestampNow(),
    nodeId: context.nodeId,
    event: canMove(context) ? { case: "restarting", value: lost } : { case: "failed", value: lost },
  } satisfies MessageInitShape<typeof ContextEventSchema>);
  await recordContextEvent(deps, event);
}

async function decide(
  deps: LoseDeps,
  job: Job,
  decision: NonNullable<MessageInitShape<typeof JobEventSchema>["event"]>,
): Promise<void> {
  const event = create(JobEventSchema, {
    jobId: job.id,
    attempt: job.attempt,
    seq: job.seq + SEQ_LEAP,
    time: timestampNow(),
    contextId: job.contextId,
    event: decision,
  });
  const steps = [() => deps.jobs.apply(event), () => publishJobEvent(deps.events, event, deps)];
  // A callback follows from the event that tells the end, so this has to be durable before the end is.
  if (job.callbackUrl !== "") steps.reverse();
  for (const step of steps) await step();
}

async function recordContextEvent(deps: LoseDeps, event: ContextEvent): Promise<void> {
  await deps.contexts.apply(event);
  await publishContextEvent(deps.events, event, deps);
}
