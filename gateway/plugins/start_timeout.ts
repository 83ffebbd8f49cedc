import { abortable } from "../../lib/async/mod.ts";

/** A deadline for several waits together. Disposing it stops the timer, not the waits or the work. */
export interface StartDeadline extends Disposable {
  /** Aborted on timeout or by the caller's signal; never after disposal. */
  readonly ended: AbortSignal;
  /** Resolves with the work; rejects with its error, or when the deadline passes. The work continues then. */
  await<T>(work: Promise<T>): Promise<T>;
}

/** The start has timed out. */
export class StartTimeout extends Error {
  override readonly name = "StartTimeout";
}

/** Starts the timer. */
export function startDeadline({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): StartDeadline {
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
