import { getHeapStatistics } from "node:v8";
import { createLazyTimer } from "./lazy_timer.ts";
import { startOwnTimer } from "./own_timer.ts";

const INTERVAL_MS = 100;

/**
 * Returns what to call when a run begins; calls `exceeded` when the heap limit of this executor was reached while `isBusy`.
 *
 * At the limit Deno stops the code that runs, and gives the isolate more room to end. But when that code ran as a microtask, as code
 * after an `await` does, nothing is thrown: the job just never goes on. Timers do, and the grown limit shows what happened.
 */
export function createHeapWatch(deps: { isBusy(): boolean; exceeded(): void }): () => void {
  const limitBytes = getHeapStatistics().heap_size_limit;
  const lookSoon = createLazyTimer(
    INTERVAL_MS,
    () => {
      if (getHeapStatistics().heap_size_limit > limitBytes) deps.exceeded();
      else if (deps.isBusy()) lookSoon();
    },
    startOwnTimer,
  );
  return lookSoon;
}
