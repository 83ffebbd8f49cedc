/** A span of time for several waits together. Disposing it ends neither the waits nor the work, only the clock. */
export interface StartDeadline extends Disposable {
  /** Aborted when the time is up or the caller's signal is aborted; not any more once disposed. */
  readonly ended: AbortSignal;
  /** Resolves with the work; rejects with the work's error, or when the deadline ends first. The work then goes on. */
  await<T>(work: Promise<T>): Promise<T>;
}

/** The time was up. */
export class StartTimeout extends Error {
  override readonly name = "StartTimeout";
}

/** Starts the clock. */
export function startDeadline({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): StartDeadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new StartTimeout(`it took longer than ${timeoutMs} ms`)), timeoutMs);
  const passOn = () => controller.abort(new Error("the start was cancelled", { cause: signal.reason }));
  signal.addEventListener("abort", passOn);
  if (signal.aborted) passOn();

  return {
    ended: controller.signal,
    async await(work) {
      using stack = new DisposableStack();
      const ended = Promise.withResolvers<never>();
      const reject = () => ended.reject(controller.signal.reason);
      controller.signal.addEventListener("abort", reject);
      stack.defer(() => controller.signal.removeEventListener("abort", reject));
      if (controller.signal.aborted) reject();
      return await Promise.race([work, ended.promise]);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", passOn);
    },
  };
}
