import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { isFinalJob, type Job, JobError_Reason, JobEventSchema } from "../../proto/mod.ts";
import type { LoseContextDeps } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import { publishJobEvent, publishRecordedJobEvent, readAttemptEnd } from "../events/mod.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { SEQ_LEAP } from "../record/mod.ts";
import { canBringResult, ingestJobEvent } from "./ingest.ts";
import { retryDelayMs } from "./retry_delay.ts";

/** Jobs that are lost at a time: each asks NATS. */
const AT_A_TIME = 50;

export type LoseDeps = LoseContextDeps & Pick<Core, "jobs" | "blobs" | "log">;

interface Loss {
  readonly why: string;
  readonly reason?: JobError_Reason.NODE_LOST | JobError_Reason.CONTEXT_LOST | JobError_Reason.LOAD_FAILED | undefined;
  /** With the node that had the job, to bring what is left of it; absent: the node is gone. */
  readonly session?: NodeSession | undefined;
}

/**
 * Loses jobs, as they were read, that have not gone on since. One that cannot be lost now does not hold up the others; resolves to whether
 * there was none.
 */
export async function loseJobs(deps: LoseDeps, jobs: readonly Job[], loss: Loss): Promise<boolean> {
  let isDone = true;
  for (let start = 0; start < jobs.length; start += AT_A_TIME) {
    const some = jobs.slice(start, start + AT_A_TIME);
    const lost = await Promise.allSettled(some.map((job) => loseUnchanged(deps, job, loss)));
    for (const [index, each] of lost.entries()) {
      if (each.status === "fulfilled") continue;
      isDone = false;
      deps.log.warn({ job: some[index]?.id, err: each.reason }, "it could not be recorded that a job was lost");
    }
  }
  return isDone;
}

async function loseUnchanged(deps: LoseDeps, { id, attempt }: Job, loss: Loss): Promise<void> {
  const job = await deps.jobs.get(id);
  const isSame = job !== undefined && job.attempt === attempt && job.nextAttemptTime === undefined;
  if (isSame && !isFinalJob(job.state)) await loseJob(deps, job, loss);
}

/**
 * Records and publishes that a job was lost: it is tried again when it may be, else it has failed. One of which the stream tells how
 * the attempt ended was not lost: that is recorded.
 */
export async function loseJob(deps: LoseDeps, job: Job, loss: Loss): Promise<void> {
  if (await recordToldEnd(deps, job, loss)) return;
  const { why, reason = JobError_Reason.NODE_LOST } = loss;
  const error = { reason, name: JobError_Reason[reason], message: `Job lost: ${why}` };
  if (job.attempt >= job.maxAttempts) return decide(deps, job, { case: "failed", value: { error } });
  const nextAttemptTime = timestampFromMs(Date.now() + retryDelayMs(job));
  // The job tells when its first attempt began.
  const startTime = job.attempt === 1 ? job.startTime : undefined;
  return decide(deps, job, { case: "retrying", value: { error, nextAttemptTime, startTime } });
}

/** Records and publishes that a job that no node holds was cancelled; as `loseJob`, not one whose attempt has ended. */
export async function cancelIdleJob(
  deps: LoseDeps,
  job: Job,
  { message, session }: Pick<Loss, "session"> & { readonly message: string },
): Promise<void> {
  if (await recordToldEnd(deps, job, { session })) return;
  const error = { reason: JobError_Reason.CANCELLED, name: "Cancelled", message };
  await decide(deps, job, { case: "cancelled", value: { error } });
}

/** Records the end of a job's attempt that the stream tells and nobody has recorded yet; false when there is none. */
async function recordToldEnd(deps: LoseDeps, job: Job, { session }: Pick<Loss, "session">): Promise<boolean> {
  // It has ended, and that is recorded: the job waits for the next one.
  if (job.nextAttemptTime !== undefined) return false;
  const end = await readAttemptEnd(deps.events, { jobId: job.id, attempt: job.attempt });
  // A result that went with its node makes it a loss all the same.
  if (end === undefined || !(await canBringResult(deps, end, { session }))) return false;
  await ingestJobEvent(deps, end, { session });
  return true;
}

/** An end that another gateway was faster to decide is not published a second time. */
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
  // A callback follows from the event that tells the end, so this has to be durable before the end is.
  if (job.callbackUrl !== "") await publishJobEvent(deps.events, event, { gatewayId: deps.gatewayId });
  const isApplied = await deps.jobs.apply(event);
  if (isApplied && job.callbackUrl === "") {
    await publishRecordedJobEvent(deps.events, event, { gatewayId: deps.gatewayId });
  }
}
