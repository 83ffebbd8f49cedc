import { getHeapStatistics } from "node:v8";
import { createLazyTimer } from "./lazy_timer.ts";
import { startOwnTimer } from "./own_timer.ts";

const INTERVAL_MS = 100;

/**
 * Returns a function to call when a run starts. Calls `exceeded` if this executor reached its heap limit while `isBusy`.
 *
 * At the limit Deno interrupts the running code and raises the limit, so that the isolate can end. If the code ran as a microtask, as code
 * after an `await` does, Deno throws nothing and the job never continues. Timers still run, and see the raised limit.
 */
export function createHeapWatch(deps: { isBusy(): boolean; exceeded(): void }): () => void {
  const limitBytes = getHeapStatistics().heap_size_limit;
  const pollSoon = createLazyTimer(
    INTERVAL_MS,
    () => {
      if (getHeapStatistics().heap_size_limit > limitBytes) deps.exceeded();
      else if (deps.isBusy()) pollSoon();
    },
    startOwnTimer,
  );
  return pollSoon;
}
