import type { DenoProcess, ProcessLog } from "./process.ts";
import { isSameProfile, type ProcessProfile } from "./profile.ts";

/** Processes that wait for a context. Disposing it ends them. */
export interface Spares extends AsyncDisposable {
  /**
   * A process that is the caller's from now on, as soon as it is ready. Undefined when there is none of that profile, or it did not start.
   * Rejects when the signal is aborted.
   */
  take(profile: ProcessProfile, signal?: AbortSignal): Promise<DenoProcess | undefined>;
}

interface SparesDeps {
  start(signal: AbortSignal): Promise<DenoProcess>;
  readonly log: ProcessLog;
}

/** How long one that was taken is not replaced: the start of another takes the processor that the first job in it needs. */
const REPLACE_DELAY_MS = 50;

/** Keeps `count` processes ready; each that is taken, or dies, is replaced. One that does not start is not tried again before the next is taken. */
export function createSpares(
  { start, log }: SparesDeps,
  { profile, count }: { profile: ProcessProfile; count: number },
): Spares {
  const ready: DenoProcess[] = [];
  const starts = new Set<Promise<void>>();
  /** Callers who get one of those that are starting: never more than these. */
  const waiting: PromiseWithResolvers<DenoProcess | undefined>[] = [];
  const closing = new AbortController();

  function refill(): void {
    while (!closing.signal.aborted && ready.length + starts.size - waiting.length < count) {
      const started = start(closing.signal)
        .then(keep, (error: Error) => {
          if (closing.signal.aborted) return waiting.shift()?.reject(error);
          waiting.shift()?.resolve(undefined);
          log.warn({ err: error }, "cannot start a spare sandbox process");
        })
        .finally(() => starts.delete(started));
      starts.add(started);
    }
  }

  function keep(process: DenoProcess): void {
    const first = waiting.shift();
    if (first !== undefined) return first.resolve(process);
    ready.push(process);
    void process.ended.then(() => {
      const index = ready.indexOf(process);
      if (index === -1) return;
      ready.splice(index, 1);
      refill();
    });
  }

  /** The next that is ready, unless the signal is aborted before. */
  function next(signal: AbortSignal | undefined): Promise<DenoProcess | undefined> {
    const turn = Promise.withResolvers<DenoProcess | undefined>();
    const onAbort = (): void => {
      waiting.splice(waiting.indexOf(turn), 1);
      turn.reject(signal?.reason);
    };
    waiting.push(turn);
    signal?.addEventListener("abort", onAbort, { once: true });
    return turn.promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  refill();
  return {
    async take(wanted, signal) {
      if (!isSameProfile(wanted, profile)) return undefined;
      setTimeout(refill, REPLACE_DELAY_MS).unref();
      return ready.shift() ?? (starts.size > waiting.length ? next(signal) : undefined);
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("The runtime is closing"));
      await Promise.all(starts);
      await Promise.all(ready.splice(0).map((process) => process[Symbol.asyncDispose]()));
    },
  };
}
