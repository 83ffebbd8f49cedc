import { create } from "@bufbuild/protobuf";
import { boundAttempts } from "./attempts.ts";
import type { Context } from "./gen/es/hearth/v1/context_pb.js";
import type { ContextEvent, JobEvent } from "./gen/es/hearth/v1/event_pb.js";
import { AttemptSchema, type Job } from "./gen/es/hearth/v1/job_pb.js";
import { CONTEXT_MOVES, isFinalContext, isFinalJob, JOB_MOVES } from "./states.ts";

/**
 * The job after an event. Undefined when the event changes nothing: it is of an abandoned attempt, was applied before, or is an illegal
 * transition. Does not modify the job; the caller increments the revision.
 */
export function applyJobEvent(job: Job, event: JobEvent): Job | undefined {
  const type = event.event.case;
  if (type === undefined || event.attempt !== job.attempt || event.seq <= job.seq) return undefined;
  const state = JOB_MOVES[job.state][type];
  if (state === undefined) return undefined;
  const queuePosition = event.event.case === "queued" ? event.event.value.position : 0;
  const next: Job = { ...job, state, seq: event.seq, queuePosition };
  if (type === "running") next.startTime ??= event.time;
  if (event.event.case === "progress") next.progress = event.event.value;
  if (event.event.case === "succeeded") next.result = event.event.value.result;
  if (event.event.case === "failed" || event.event.case === "cancelled" || event.event.case === "rejected") {
    next.error = event.event.value.error;
  }
  if (event.event.case === "retrying") {
    const { error, nextAttemptTime, startTime } = event.event.value;
    const { attempt: number } = job;
    const attempt = create(AttemptSchema, { number, startTime, error, nodeId: event.nodeId, endTime: event.time });
    next.attempts = boundAttempts([...job.attempts, attempt]);
    next.nextAttemptTime = nextAttemptTime;
    next.progress = undefined;
  }
  if (isFinalJob(state)) {
    next.startTime ??= event.startTime;
    next.endTime = event.time;
    next.progress = event.lastProgress ?? next.progress;
    next.nextAttemptTime = undefined;
  }
  return next;
}

/** The context after an event, or undefined when the event changes nothing. As `applyJobEvent`. */
export function applyContextEvent(context: Context, event: ContextEvent): Context | undefined {
  const type = event.event.case;
  if (type === undefined || event.seq <= context.seq) return undefined;
  const state = CONTEXT_MOVES[context.state][type];
  if (state === undefined) return undefined;
  const next: Context = { ...context, state, seq: event.seq };
  if (event.event.case === "running") {
    next.startTime = event.time;
    next.warnings = event.event.value.warnings;
    next.applicationId = event.event.value.applicationId;
    next.uiUrl = event.event.value.uiUrl;
    // A restart in between was not reported.
    if (context.state === state) next.restarts += 1;
  }
  if (event.event.case === "failed") next.error = event.event.value.message;
  if (event.event.case === "restarting") {
    next.restarts += 1;
    next.restartReason = event.event.value.message;
  }
  if (isFinalContext(state)) next.endTime = event.time;
  return next;
}
