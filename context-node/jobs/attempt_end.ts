import { type JobError, JobError_Reason } from "../../proto/node.ts";
import type { JobHappening } from "../events/mod.ts";
import type { AbortReason, Outcome, SandboxEnd } from "../runtime/mod.ts";

/** The events that end a job without success. */
export type Ending = Extract<JobHappening, { $case: "failed" | "cancelled" | "rejected" }>;

/** The reason for which a job must end. The job itself sees a restart as a stop. */
export type StopReason = AbortReason | "contextRestarted";

/** The reason and the time at which a job was asked to end. */
export interface Stop {
  readonly reason: StopReason;
  /** What exceeded its limit, in words; for deadlines. */
  readonly overdue: string;
}

/** The end of a job that has not succeeded, from the outcome of its sandbox and the request to end it. */
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

/** The end of a job that was cancelled before it reached a sandbox. */
export function cancelledWhileWaiting(reason: StopReason): Ending {
  const message = `${CANCELLED_BY[reason]} while it waited; it did not run`;
  return { $case: "cancelled", value: { error: jobError(JobError_Reason.CANCELLED, message) } };
}

/** The end of a job whose sandbox is gone. */
export function lost(end: SandboxEnd): Ending {
  return failed(jobError(LOST_REASON[end.type], end.type === "disposed" ? "The context was stopped" : end.message));
}

/** The end of a job that the node failed. */
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

/** The reason for the failure of a context whose sandbox ended. */
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
  const error = jobError(JobError_Reason.INVALID_CONFIG, "The job's validate refused the config");
  return { $case: "rejected", value: { error: bounded({ ...error, problems: [...problems] }) } };
}

function jobError(reason: JobError_Reason, message: string): JobError {
  return { reason, name: "", message, stack: "", problems: [] };
}

/** Lengths to which the texts of an error are truncated until it fits: characters may take many bytes each. */
const TEXT_LENGTHS = [16 * 1024, 2 * 1024] as const;
const MOST_PROBLEMS = 20;
const LARGEST_ERROR_BYTES = 256 * 1024;

/** Jobs throw anything: an event must fit into one message. */
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
