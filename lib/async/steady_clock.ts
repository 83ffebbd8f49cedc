/**
 * Makes a clock that answers milliseconds since 1970, for deciding what is old. It follows the wall clock back, and never leaps ahead with
 * it: a clock that is set makes nothing old at once.
 */
export function createSteadyClock(): () => number {
  const startMs = Date.now() - performance.now();
  return () => Math.min(Date.now(), startMs + performance.now());
}
