import { createLazyTimer } from "./lazy_timer.ts";
import type { ExecutorReport } from "./protocol.ts";

/** How long a run may be silent before its executor's mark is looked at. */
const SILENCE_MS = 5;

/** Finds runs that have begun and keep their executor so busy that it cannot say so. */
export interface BegunRuns {
  /** A run was handed to the executor, which marks here what it begins. */
  handed(executor: number, run: number, mark: Int32Array): void;
  /** What the executor says for itself. */
  heard(executor: number, reports: readonly ExecutorReport[]): void;
  /** The executor is gone. */
  left(executor: number): void;
}

/**
 * The usual job ends before anybody could ask, and its beginning is told with its end: one message. Of a job that computes without a pause
 * the beginning is found here, in memory that the executor shares.
 */
export function createBegunRuns(begun: (executor: number, run: number) => void): BegunRuns {
  const silent = new Map<number, { readonly run: number; readonly mark: Int32Array }>();

  const lookSoon = createLazyTimer(SILENCE_MS, () => {
    for (const [executor, { run, mark }] of silent) {
      if (Atomics.load(mark, 0) !== run) continue;
      silent.delete(executor);
      begun(executor, run);
    }
    if (silent.size > 0) lookSoon();
  });

  return {
    handed(executor, run, mark) {
      silent.set(executor, { run, mark });
      lookSoon();
    },
    heard(executor, reports) {
      const run = silent.get(executor)?.run;
      if (reports.some((report) => "run" in report && report.run === run)) silent.delete(executor);
    },
    left: (executor) => void silent.delete(executor),
  };
}
