import type { ExecutorReport } from "../messages/protocol.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { isMarked, type Marks } from "./run_marks.ts";

/** How long a run may be silent before the marks of its executor are read, in milliseconds. */
const SILENCE_MS = 5;

/** How long an executor may take to take a run, in milliseconds; one that is well takes it at once. */
const LIFE_SIGN_MS = 1000;

/** The most that counts of the time between two readings: after a longer one, this thread did not run either. */
const LONGEST_STEP_MS = 50;

/** Finds runs that have begun and keep their executor so busy that it cannot report, and executors that do not take their runs. */
export interface BegunRuns {
  /** A run was handed to the executor. */
  handed(executor: number, run: number, thread: Executor): void;
  /** What the executor reports itself. */
  heard(reports: readonly ExecutorReport[]): void;
  /** The executor is gone. What it began on its way out is found before its end is reported: nobody else is to run it again. */
  left(executor: number): void;
}

interface Executor {
  /** Whether it takes messages. */
  readonly isUp: boolean;
  /** Where it marks how far its runs are. */
  readonly marks: Marks;
}

interface BegunRunsObserver {
  begun(executor: number, run: number, stage: "validating" | "running"): void;
  /** Called each second for as long as the executor leaves a run untaken. */
  unresponsive(executor: number): void;
}

interface SilentRun {
  readonly executor: number;
  readonly thread: Executor;
  untakenMs: number;
  isValidating: boolean;
}

/**
 * The usual job ends before anybody could ask, and its beginning travels with its end in one message. The beginning of a job that computes
 * without a pause is found here, in memory that the executor shares. So are executors that code of an ended job keeps to itself.
 */
export function createBegunRuns(observer: BegunRunsObserver): BegunRuns {
  /** Those that neither reported nor were found to run. */
  const silent = new Map<number, SilentRun>();
  let lookedAt = 0;

  const lookSoon = createLazyTimer(SILENCE_MS, () => {
    const now = performance.now();
    const stepMs = Math.min(now - lookedAt, LONGEST_STEP_MS);
    lookedAt = now;
    for (const [run, each] of silent) look(run, each, stepMs);
    if (silent.size > 0) lookSoon();
  });

  function look(run: number, each: SilentRun, stepMs: number): void {
    const { executor, thread } = each;
    if (isMarked(thread.marks, run, "running")) {
      silent.delete(run);
      observer.begun(executor, run, "running");
    } else if (isMarked(thread.marks, run, "validating")) {
      if (!each.isValidating) observer.begun(executor, run, "validating");
      each.isValidating = true;
    } else if (thread.isUp && !isMarked(thread.marks, run, "taken")) {
      each.untakenMs += stepMs;
      if (each.untakenMs < LIFE_SIGN_MS) return;
      each.untakenMs = 0;
      observer.unresponsive(executor);
    }
  }

  return {
    handed(executor, run, thread) {
      if (silent.size === 0) lookedAt = performance.now();
      silent.set(run, { executor, thread, untakenMs: 0, isValidating: false });
      lookSoon();
    },
    heard(reports) {
      for (const report of reports) if (isOfRunning(report)) silent.delete(report.run);
    },
    left(executor) {
      for (const [run, each] of silent) {
        if (each.executor !== executor) continue;
        silent.delete(run);
        if (isMarked(each.thread.marks, run, "running")) observer.begun(executor, run, "running");
      }
    },
  };
}

/** Or of one that has ended; `validate` can log and report progress too. */
function isOfRunning(report: ExecutorReport): report is Extract<ExecutorReport, { run: number }> {
  return "run" in report && report.type !== "logged" && report.type !== "progress";
}
