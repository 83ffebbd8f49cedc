import { setTimeout } from "../confinement/primordials.ts";

/** Starts a timer; `setTimeout` is one. */
type StartTimer = (act: () => void, delayMs: number) => unknown;

/**
 * Answers how to ask that `act` is called soon, within the delay. Asking again before then does nothing, and nothing calls
 * it off: so under load it costs one timer a delay, not one a request.
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
