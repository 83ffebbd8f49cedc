import type { ExecutorReport } from "../messages/protocol.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { isMarked, type Marks } from "./run_marks.ts";

/** How long a run may be silent before the marks of its executor are read, in milliseconds. */
const MAX_SILENCE_MS = 5;

/** How long an executor may take to take a run, in milliseconds; one that is well takes it at once. */
const MAX_UNTAKEN_MS = 1000;

/** The most that counts of the time between two readings: after a longer one, this marked did not run either. */
const MAX_STEP_MS = 50;

/** Finds runs that have begun and keep their executor so busy that it cannot report, and executors that do not take their runs. */
export interface SilentRuns {
  /** A run was handed to the executor. */
  add(executor: number, run: number, marked: MarkedExecutor): void;
  /** What the executor reports itself. */
  reported(reports: readonly ExecutorReport[]): void;
  /** The executor is gone. What it began on its way out is found before its end is reported: nobody else is to run it again. */
  executorEnded(executor: number): void;
}

interface MarkedExecutor {
  /** Whether it takes messages. */
  readonly isUp: boolean;
  /** Where it marks how far its runs are. */
  readonly marks: Marks;
}

interface SilentRunsObserver {
  started(executor: number, run: number, stage: "validating" | "running"): void;
  /** Called each second for as long as the executor leaves a run untaken. */
  unresponsive(executor: number): void;
}

interface SilentRun {
  readonly executor: number;
  readonly marked: MarkedExecutor;
  untakenMs: number;
  isValidating: boolean;
}

/**
 * The usual job ends before anybody could ask, and its beginning travels with its end in one message. The beginning of a job that computes
 * without a pause is found here, in memory that the executor shares. So are executors that code of an ended job keeps to itself.
 */
export function createSilentRuns(observer: SilentRunsObserver): SilentRuns {
  /** Those that neither reported nor were found to run. */
  const silent = new Map<number, SilentRun>();
  let polledAt = 0;

  const pollSoon = createLazyTimer(MAX_SILENCE_MS, () => {
    const now = performance.now();
    const stepMs = Math.min(now - polledAt, MAX_STEP_MS);
    polledAt = now;
    for (const [run, each] of silent) poll(run, each, stepMs);
    if (silent.size > 0) pollSoon();
  });

  function poll(run: number, each: SilentRun, stepMs: number): void {
    const { executor, marked } = each;
    if (isMarked(marked.marks, run, "running")) {
      silent.delete(run);
      observer.started(executor, run, "running");
    } else if (isMarked(marked.marks, run, "validating")) {
      if (!each.isValidating) observer.started(executor, run, "validating");
      each.isValidating = true;
    } else if (marked.isUp && !isMarked(marked.marks, run, "taken")) {
      each.untakenMs += stepMs;
      if (each.untakenMs < MAX_UNTAKEN_MS) return;
      each.untakenMs = 0;
      observer.unresponsive(executor);
    }
  }

  return {
    add(executor, run, marked) {
      if (silent.size === 0) polledAt = performance.now();
      silent.set(run, { executor, marked, untakenMs: 0, isValidating: false });
      pollSoon();
    },
    reported(reports) {
      for (const report of reports) if (showsStart(report)) silent.delete(report.run);
    },
    executorEnded(executor) {
      for (const [run, each] of silent) {
        if (each.executor !== executor) continue;
        silent.delete(run);
        if (isMarked(each.marked.marks, run, "running")) observer.started(executor, run, "running");
      }
    },
  };
}

/** Or of one that has ended; `validate` can log and report progress too. */
function showsStart(report: ExecutorReport): report is Extract<ExecutorReport, { run: number }> {
  return "run" in report && report.type !== "logged" && report.type !== "progress";
}
