import type { ExecutorReport } from "../messages/protocol.ts";
import { createLazyTimer } from "../timers/lazy_timer.ts";
import { isMarked, type Marks } from "./run_marks.ts";

/** Interval at which the marks of silent runs are polled, in milliseconds. */
const MAX_SILENCE_MS = 5;

/** Time after which an executor that has not taken a run counts as unresponsive, in milliseconds. A responsive one takes it at once. */
const MAX_UNTAKEN_MS = 1000;

/** Maximum time counted between two polls, in milliseconds: if more time passed, this thread did not run either. */
const MAX_STEP_MS = 50;

/** Detects runs that started but keep their executor too busy to report, and executors that do not take their runs. */
export interface SilentRuns {
  /** Watches a run that was sent to an executor. */
  add(executor: number, run: number, marked: MarkedExecutor): void;
  /** Call it with the reports of an executor: a run that reports needs no watch. */
  reported(reports: readonly ExecutorReport[]): void;
  /** Call it before the end of an executor is reported. Reports the runs that it started last, so that they are not run again. */
  executorEnded(executor: number): void;
}

interface MarkedExecutor {
  /** Whether it accepts messages. */
  readonly isUp: boolean;
  /** Marks of the stages that its runs have reached. */
  readonly marks: Marks;
}

interface SilentRunsObserver {
  started(executor: number, run: number, stage: "validating" | "running"): void;
  /** Called each second while the executor does not take a run. */
  unresponsive(executor: number): void;
}

interface SilentRun {
  readonly executor: number;
  readonly marked: MarkedExecutor;
  untakenMs: number;
  isValidating: boolean;
}

/**
 * A short job ends before the first poll, and its start and end are reported in one message. The start of a job that computes without a pause
 * is read from memory that the executor shares, as are executors that are blocked by code of an ended job.
 */
export function createSilentRuns(observer: SilentRunsObserver): SilentRuns {
  /** Runs that neither reported nor were found running. */
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

/** Whether the report shows that the run started or ended. Logs and progress do not: `validate` can send them too. */
function showsStart(report: ExecutorReport): report is Extract<ExecutorReport, { run: number }> {
  return "run" in report && report.type !== "logged" && report.type !== "progress";
}
