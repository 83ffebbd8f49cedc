import { Context_State } from "./gen/es/hearth/v1/context_pb.js";
import type { ContextEvent, JobEvent } from "./gen/es/hearth/v1/event_pb.js";
import { Job_State } from "./gen/es/hearth/v1/job_pb.js";

/** The cases of `JobEvent.event`. */
export type JobEventType = NonNullable<JobEvent["event"]["case"]>;

/** The cases of `ContextEvent.event`. */
export type ContextEventType = NonNullable<ContextEvent["event"]["case"]>;

type Moves<State extends number, Type extends string> = Readonly<Record<State, Readonly<Partial<Record<Type, State>>>>>;

const { QUEUED, RUNNING, CANCELLING, SUCCEEDED, FAILED, CANCELLED, REJECTED } = Job_State;

/** Events that end an attempt. */
const ENDS = {
  succeeded: SUCCEEDED,
  failed: FAILED,
  cancelled: CANCELLED,
  rejected: REJECTED,
  retrying: QUEUED,
} as const;

/**
 * The legal moves of a job: state × event → next state. What is not here changes nothing.
 * A path that carries final events only may leave out those before, so every state that is not final can end.
 */
export const JOB_MOVES: Moves<Job_State, JobEventType> = {
  [Job_State.STATE_UNSPECIFIED]: {},
  [QUEUED]: { queued: QUEUED, running: RUNNING, progress: RUNNING, logged: QUEUED, cancelling: CANCELLING, ...ENDS },
  // Running again: a gateway learned that the job runs before the event arrived.
  [RUNNING]: { running: RUNNING, progress: RUNNING, logged: RUNNING, cancelling: CANCELLING, ...ENDS },
  [CANCELLING]: { progress: CANCELLING, logged: CANCELLING, ...ENDS },
  [SUCCEEDED]: {},
  [FAILED]: {},
  [CANCELLED]: {},
  [REJECTED]: {},
};

/** The legal moves of a context: state × event → next state. */
export const CONTEXT_MOVES: Moves<Context_State, ContextEventType> = {
  [Context_State.STATE_UNSPECIFIED]: {},
  [Context_State.STARTING]: {
    running: Context_State.RUNNING,
    stopping: Context_State.STOPPING,
    stopped: Context_State.STOPPED,
    failed: Context_State.FAILED,
  },
  // Running again: a restart in between was not reported.
  [Context_State.RUNNING]: {
    running: Context_State.RUNNING,
    restarting: Context_State.RESTARTING,
    stopping: Context_State.STOPPING,
    stopped: Context_State.STOPPED,
    failed: Context_State.FAILED,
  },
  [Context_State.STOPPING]: { stopped: Context_State.STOPPED, failed: Context_State.FAILED },
  [Context_State.RESTARTING]: {
    restarting: Context_State.RESTARTING,
    running: Context_State.RUNNING,
    stopping: Context_State.STOPPING,
    stopped: Context_State.STOPPED,
    failed: Context_State.FAILED,
  },
  [Context_State.STOPPED]: {},
  [Context_State.FAILED]: {},
};

/** Whether a job in this state never changes again. */
export function isFinalJob(state: Job_State): boolean {
  return Object.keys(JOB_MOVES[state]).length === 0;
}

/** Whether a context in this state never changes again. */
export function isFinalContext(state: Context_State): boolean {
  return Object.keys(CONTEXT_MOVES[state]).length === 0;
}

/** States of jobs that are not final. */
export const OPEN_JOB_STATES: readonly Job_State[] = [QUEUED, RUNNING, CANCELLING];

/** States of contexts that are not final. */
export const OPEN_CONTEXT_STATES: readonly Context_State[] = [
  Context_State.STARTING,
  Context_State.RUNNING,
  Context_State.STOPPING,
  Context_State.RESTARTING,
];
