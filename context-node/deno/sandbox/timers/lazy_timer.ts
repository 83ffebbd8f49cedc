import { setTimeout } from "../confinement/primordials.ts";

/** Starts a timer, like `setTimeout`. */
type StartTimer = (act: () => void, delayMs: number) => unknown;

/**
 * Returns a function that schedules `act` after the delay. Calls before then do nothing, and the timer cannot be cancelled: under load,
 * it costs one timer per delay, not one per call.
 */
export function createLazyTimer(delayMs: number, act: () => void, start: StartTimer = setTimeout): () => void {
  let armed = false;
  return function soon() {
    if (armed) return;
    armed = true;
    start(() => {
      armed = false;
      act();
    }, delayMs);
  };
}
