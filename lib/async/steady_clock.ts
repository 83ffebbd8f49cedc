/**
 * Creates a clock that returns milliseconds since 1970, for deciding what is old. It follows the wall clock back but never leaps ahead with it, so
 * that setting the clock makes nothing old at once.
 */
export function createSteadyClock(): () => number {
  const startMs = Date.now() - performance.now();
  return () => Math.min(Date.now(), startMs + performance.now());
}
