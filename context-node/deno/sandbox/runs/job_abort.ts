import { getter, NativeDOMException, uncurry } from "../confinement/primordials.ts";

/** What aborts a job. Its signal is made when the job asks for it: most jobs do not. */
export interface JobAbort {
  readonly signal: AbortSignal;
  /** Nothing when it was aborted before. */
  abort(reason: string): void;
  throwIfAborted(): void;
  /** Calls the listener when it is aborted; not through the signal, whose listeners the job can list. The newest listener counts. */
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
