import {
  atomicNotify,
  atomicWaitAsync,
  NativeInt32Array,
  NativeSharedArrayBuffer,
  queueMicrotask,
  when,
} from "../confinement/primordials.ts";

/**
 * Calls `act` after the delay, in milliseconds; answers how to call it off. The timers of the platform have numbers, so that a job can clear
 * those of its executor too (`clearTimeout(1)`, and so on). This one has none.
 */
export function startOwnTimer(act: () => void, delayMs: number): () => void {
  const cell = new NativeInt32Array(new NativeSharedArrayBuffer(NativeInt32Array.BYTES_PER_ELEMENT));
  const wait = atomicWaitAsync(cell, 0, 0, delayMs);
  if (!wait.async) queueMicrotask(act);
  else
    when(wait.value, (end) => {
      if (end === "timed-out") act();
    });
  return () => void atomicNotify(cell, 0);
}
