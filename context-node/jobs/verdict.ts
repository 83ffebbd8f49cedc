import { type JobError, JobError_Reason } from "../../proto/node.ts";
import type { JobHappening } from "../events/mod.ts";
import type { AbortReason, Outcome, SandboxEnd } from "../runtime/mod.ts";

/** The events that end a job, but for its success. */
export type Ending = Extract<JobHappening, { $case: "failed" | "cancelled" | "rejected" }>;

/** Why a job is to end. The job itself hears of a restart as of a stop. */
export type StopReason = AbortReason | "contextRestarted";

/** Why and how a job was asked to end. */
export interface Stop {
  readonly reason: StopReason;
  /** What took too long, in words; of interest for a deadline. */
  readonly overdue: string;
}

/** How a job ended that did not succeed, by what the sandbox says and by what was asked of it. */
export function endingOf(
  outcome: Exclude<Outcome, { type: "succeeded" | "streamed" | "postponed" }>,
  stop: Stop | undefined,
): Ending {
  switch (outcome.type) {
    case "rejected":
      return rejected(outcome.problems);
    case "denied":
      return { $case: "rejected", value: { error: jobError(JobError_Reason.PERMISSION_DENIED, outcome.message) } };
    case "failed":
      return stop === undefined ? failed(outcome.error) : stopped(stop, { byForce: false, stack: outcome.error.stack });
    case "terminated":
      if (stop === undefined) return failedBy(JobError_Reason.CONTEXT_LOST, "The executor of the job was terminated");
      return stopped(stop, { byForce: true, stack: "" });
    case "lost":
      if (stop !== undefined && outcome.end.type === "disposed") return stopped(stop, { byForce: true, stack: "" });
      return lost(outcome.end);
    default:
      return outcome satisfies never;
  }
}

/** The end of a job that was cancelled before it was handed to a sandbox. */
export function cancelledWhileWaiting(reason: StopReason): Ending {
  const message = `${CANCELLED_BY[reason]} while it waited; it did not run`;
  return { $case: "cancelled", value: { error: jobError(JobError_Reason.CANCELLED, message) } };
}

/** The end of a job whose sandbox is gone. */
export function lost(end: SandboxEnd): Ending {
  return failed(jobError(LOST_REASON[end.type], end.type === "disposed" ? "The context was stopped" : end.message));
}

/** The end of a job that failed for a reason of the node's. */
export function failedBy(reason: JobError_Reason, message: string): Ending {
  return failed(jobError(reason, message));
}

const LOST_REASON = {
  disposed: JobError_Reason.CONTEXT_LOST,
  crashed: JobError_Reason.CONTEXT_LOST,
  outOfMemory: JobError_Reason.OUT_OF_MEMORY,
  replaced: JobError_Reason.CONTEXT_LOST,
  violated: JobError_Reason.SANDBOX_VIOLATION,
} as const satisfies Record<SandboxEnd["type"], JobError_Reason>;

/** Why a context failed whose sandbox ended so. */
export function lostReason(end: SandboxEnd): JobError_Reason {
  return LOST_REASON[end.type];
}

const CANCELLED_BY = {
  cancelled: "The job was cancelled",
  deadline: "The job was over its timeout",
  contextStopped: "The job was cancelled because its context was stopped",
  contextRestarted: "The job was cancelled because its context was restarted",
} as const satisfies Record<StopReason, string>;

function stopped({ reason, overdue }: Stop, { byForce, stack }: { byForce: boolean; stack: string }): Ending {
  const how = byForce ? "it did not stop by itself and its executor was terminated" : "it stopped by itself";
  if (reason === "deadline") {
    return failed({ ...jobError(JobError_Reason.DEADLINE_EXCEEDED, `${overdue}; ${how}`), stack });
  }
  const code = byForce ? JobError_Reason.CANCELLED_BY_FORCE : JobError_Reason.CANCELLED;
  return { $case: "cancelled", value: { error: { ...jobError(code, `${CANCELLED_BY[reason]}; ${how}`), stack } } };
}

/** The end of a job with an error. */
export function failed(error: JobError): Ending {
  return { $case: "failed", value: { error: bounded(error) } };
}

function rejected(problems: readonly string[]): Ending {
  const error = jobError(JobError_Reason.INVALID_CONFIG, "The config was refused by the job's validate");
  return { $case: "rejected", value: { error: bounded({ ...error, problems: [...problems] }) } };
}

function jobError(reason: JobError_Reason, message: string): JobError {
  return { reason, name: "", message, stack: "", problems: [] };
}

/** Lengths to cut the texts of an error to, until it is small enough: characters may take many bytes each. */
const TEXT_LENGTHS = [16 * 1024, 2 * 1024] as const;
const MOST_PROBLEMS = 20;
const LARGEST_ERROR_BYTES = 256 * 1024;

/** A job may throw what it likes; an event has to fit into one message. */
function bounded(error: JobError): JobError {
  const [usual, short] = TEXT_LENGTHS;
  const cut = cutTexts(error, usual);
  return Buffer.byteLength(JSON.stringify(cut)) <= LARGEST_ERROR_BYTES ? cut : cutTexts(error, short);
}

function cutTexts(error: JobError, length: number): JobError {
  const cut = (text: string): string =>
    text.length <= length ? text : `${text.slice(0, length)} … (cut: ${text.length} characters)`;
  return {
    ...error,
    name: cut(error.name),
    message: cut(error.message),
    stack: cut(error.stack),
    problems: error.problems.slice(0, MOST_PROBLEMS).map(cut),
  };
}
