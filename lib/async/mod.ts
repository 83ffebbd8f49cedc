/**
 * Time and promises: delays, deadlines, cancellation, and limits of concurrency. Names follow the `async` package of Deno's standard
 * library.
 */
export { abortable, aborted } from "./abortable.ts";
export { deadline } from "./deadline.ts";
export { KeyedSerialQueue } from "./keyed_serial_queue.ts";
export { pause } from "./pause.ts";
export { QueueFullError, Semaphore } from "./semaphore.ts";
export { type Start, startTogether } from "./start_together.ts";
export { createSteadyClock } from "./steady_clock.ts";
export { LONGEST_DELAY_MS, startTimer } from "./timer.ts";
