import { createLazyTimer } from "./lazy_timer.ts";
import type { ExecutorReport } from "./protocol.ts";
import { isMarked, type Marks, type Stage } from "./stages.ts";

/** How long a run may be silent before its executor's marks are looked at. */
const SILENCE_MS = 5;

/** Finds runs that have begun and keep their executor so busy that it cannot say so, and those that are validated for long. */
export interface BegunRuns {
  /** A run was handed to the executor, which marks here how far it is. */
  handed(executor: number, run: number, marks: Marks): void;
  /** What the executor says for itself. */
  heard(reports: readonly ExecutorReport[]): void;
  /** The executor is gone. */
  left(executor: number): void;
}

interface SilentRun {
  readonly executor: number;
  readonly marks: Marks;
  isValidating: boolean;
}

/**
 * The usual job ends before anybody could ask, and its beginning is told with its end: one message. Of a job that computes without a pause
 * the beginning is found here, in memory that the executor shares.
 */
export function createBegunRuns(found: (executor: number, run: number, stage: Stage) => void): BegunRuns {
  /** Those that neither said nor were found to run. */
  const silent = new Map<number, SilentRun>();

  const lookSoon = createLazyTimer(SILENCE_MS, () => {
    for (const [run, each] of silent) look(run, each);
    if (silent.size > 0) lookSoon();
  });

  function look(run: number, each: SilentRun): void {
    if (isMarked(each.marks, run, "running")) {
      silent.delete(run);
      found(each.executor, run, "running");
    } else if (!each.isValidating && isMarked(each.marks, run, "validating")) {
      each.isValidating = true;
      found(each.executor, run, "validating");
    }
  }

  return {
    handed(executor, run, marks) {
      silent.set(run, { executor, marks, isValidating: false });
      lookSoon();
    },
    heard(reports) {
      for (const report of reports) if (isOfRunning(report)) silent.delete(report.run);
    },
    left(executor) {
      for (const [run, each] of silent) if (each.executor === executor) silent.delete(run);
    },
  };
}

/** Or of one that has ended; `validate` can write to the log and tell progress too. */
function isOfRunning(report: ExecutorReport): report is Extract<ExecutorReport, { run: number }> {
  return "run" in report && report.type !== "logged" && report.type !== "progress";
}
