import { setTimeout } from "./primordials.ts";

/**
 * Answers how to ask that `act` is called soon, within the delay. Asking again before then does nothing, and nothing calls
 * it off: so under load it costs one timer a delay, not one a request.
 */
export function createLazyTimer(delayMs: number, act: () => void): () => void {
  let armed = false;
  return function soon() {
    if (armed) return;
    armed = true;
    setTimeout(() => {
      armed = false;
      act();
    }, delayMs);
  };
}
