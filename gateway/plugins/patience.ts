import { abortable } from "../../lib/async/mod.ts";

/** A span of time for several waits together. Disposing it ends neither the waits nor the work, only the clock. */
export interface Patience extends Disposable {
  /** Aborted when the time is up or the caller's signal is aborted; not any more once disposed. */
  readonly ended: AbortSignal;
  /** Resolves with the work; rejects with the work's error, or when the patience ends first. The work then goes on. */
  await<T>(work: Promise<T>): Promise<T>;
}

/** The time was up. */
export class StartTimeout extends Error {
  override readonly name = "StartTimeout";
}

/** Starts the clock. */
export function startPatience({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Patience {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new StartTimeout(`it took longer than ${timeoutMs} ms`)), timeoutMs);
  const passOn = () => controller.abort(new Error("the start was cancelled", { cause: signal.reason }));
  signal.addEventListener("abort", passOn);
  if (signal.aborted) passOn();

  return {
    ended: controller.signal,
    async await(work) {
      return await abortable(work, controller.signal);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", passOn);
    },
  };
}
