import type { AbortReason, Execution, JobObserver, JobRun, Outcome } from "../runtime/mod.ts";
import type { ExecutorSlot } from "./executor_slots.ts";

/** What the sandbox knows of a job that it runs. */
export interface RunningJob {
  readonly run: number;
  readonly job: JobRun;
  readonly observer: JobObserver;
  readonly execution: Execution;
  /** Where it runs; undefined while its bundle is fetched. */
  slot: ExecutorSlot | undefined;
  /** The observer was told that it runs. */
  begun: boolean;
  abortReason: AbortReason | undefined;
  terminating: boolean;
  /** Once only; later calls do nothing. */
  settle(outcome: Outcome): void;
}

interface Control {
  abort(job: RunningJob, reason: AbortReason): void;
  terminate(job: RunningJob): void;
}

export function createRunningJob(
  run: number,
  job: JobRun,
  { observer, control }: { observer: JobObserver; control: Control },
): RunningJob {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const running: RunningJob = {
    run,
    job,
    observer,
    slot: undefined,
    begun: false,
    abortReason: undefined,
    terminating: false,
    settle: resolve,
    execution: {
      outcome: promise,
      abort: (reason) => control.abort(running, reason),
      terminate: () => control.terminate(running),
    },
  };
  return running;
}
