import { getter, NativeDOMException, uncurry } from "../confinement/primordials.ts";

/** Aborts a job. Its signal is created on first use: most jobs do not use it. */
export interface JobAbort {
  readonly signal: AbortSignal;
  /** Does nothing if the job is already aborted. */
  abort(reason: string): void;
  throwIfAborted(): void;
  /** Sets the listener to call on abort, and replaces the previous one. It is not a listener of the signal, because the job can list those. */
  onAbort(listener: () => void): void;
}

const NativeAbortController = AbortController;
const abortController: (controller: AbortController, reason: DOMException) => void = uncurry(
  NativeAbortController.prototype.abort,
);
const signalOf = uncurry(getter(NativeAbortController.prototype, "signal")) as (c: AbortController) => AbortSignal;

export function createJobAbort(): JobAbort {
  let controller: AbortController | undefined;
  let reason: DOMException | undefined;
  let listener = (): void => {};
  return {
    get signal() {
      if (controller === undefined) {
        controller = new NativeAbortController();
        if (reason !== undefined) abortController(controller, reason);
      }
      return signalOf(controller);
    },
    abort(message) {
      if (reason !== undefined) return;
      reason = new NativeDOMException(message, message === "deadline" ? "TimeoutError" : "AbortError");
      if (controller !== undefined) abortController(controller, reason);
      listener();
    },
    throwIfAborted() {
      if (reason !== undefined) throw reason;
    },
    onAbort(next) {
      listener = next;
    },
  };
}
