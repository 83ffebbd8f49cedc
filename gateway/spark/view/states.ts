import { type Context, Context_State, Job_State } from "../../../proto/mod.ts";

/** spark-jobserver's name for each state of a job. */
export const JOB_STATUS = {
  [Job_State.STATE_UNSPECIFIED]: "RUNNING",
  [Job_State.QUEUED]: "RUNNING",
  [Job_State.RUNNING]: "RUNNING",
  [Job_State.CANCELLING]: "RUNNING",
  [Job_State.SUCCEEDED]: "FINISHED",
  [Job_State.FAILED]: "ERROR",
  [Job_State.CANCELLED]: "KILLED",
  [Job_State.REJECTED]: "ERROR",
} as const satisfies Record<Job_State, string>;

/** States of a `status=` filter, case-insensitive. Empty for names that no job is shown with. */
export function statesOf(status: string): Job_State[] {
  const wanted = status.toUpperCase();
  return JOB_STATES.filter((state) => JOB_STATUS[state] === wanted);
}

const JOB_STATES = [
  Job_State.QUEUED,
  Job_State.RUNNING,
  Job_State.CANCELLING,
  Job_State.SUCCEEDED,
  Job_State.FAILED,
  Job_State.CANCELLED,
  Job_State.REJECTED,
];

/** spark-jobserver's name for the state of a context: KILLED if it was lost, ERROR if it never ran. */
export function contextStatus({ state, startTime }: Context): string {
  return state === Context_State.FAILED && startTime !== undefined ? "KILLED" : CONTEXT_STATUS[state];
}

const CONTEXT_STATUS = {
  [Context_State.STATE_UNSPECIFIED]: "STARTED",
  [Context_State.STARTING]: "STARTED",
  [Context_State.RUNNING]: "RUNNING",
  [Context_State.STOPPING]: "STOPPING",
  [Context_State.STOPPED]: "FINISHED",
  [Context_State.FAILED]: "ERROR",
  [Context_State.RESTARTING]: "RESTARTING",
} as const satisfies Record<Context_State, string>;
