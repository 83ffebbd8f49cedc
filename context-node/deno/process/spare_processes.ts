import type { ProcessLog } from "../../process_output.ts";
import type { DenoProcess } from "./deno_process.ts";
import { isSameProfile, type ProcessProfile } from "./process_profile.ts";

/** Processes of one profile, of which some wait for a context. Disposing it ends those. */
export interface Spares extends AsyncDisposable {
  /**
   * A process that is the caller's from now on, as soon as it is ready. Undefined when it is of another profile. Rejects when it does not start,
   * and when the signal is aborted.
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
  /** Ends a start; of those that are going on and needed, the newest last. */
  const needed: AbortController[] = [];
  /** Callers who get the next that are ready: never more than there are starting. */
  const waiting: PromiseWithResolvers<DenoProcess>[] = [];
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  function refillLater(): void {
    timer ??= setTimeout(refill, REPLACE_DELAY_MS).unref();
  }

  function refill(): void {
    timer = undefined;
    while (!closing.signal.aborted && ready.length + needed.length - waiting.length < count) begin();
  }

  function begin(): void {
    const stop = new AbortController();
    needed.push(stop);
    const started = start(AbortSignal.any([closing.signal, stop.signal]))
      .then(
        (process) => {
          forget(stop);
          return keep(process);
        },
        (error: Error) => {
          if (forget(stop)) refuse(error);
        },
      )
      .finally(() => starts.delete(started));
    starts.add(started);
  }

  /** Answers whether it was needed. */
  function forget(stop: AbortController): boolean {
    const index = needed.indexOf(stop);
    if (index !== -1) needed.splice(index, 1);
    return index !== -1;
  }

  async function keep(process: DenoProcess): Promise<void> {
    const first = waiting.shift();
    if (first !== undefined) return first.resolve(process);
    if (ready.length >= count) return process[Symbol.asyncDispose]();
    ready.push(process);
    void process.ended.then(() => {
      const index = ready.indexOf(process);
      if (index === -1) return;
      ready.splice(index, 1);
      refillLater();
    });
  }

  function refuse(error: Error): void {
    const first = waiting.shift();
    if (first !== undefined) first.reject(error);
    else if (!closing.signal.aborted) log.warn({ err: error }, "cannot start a spare sandbox process");
  }

  /** The next that is ready. A start that is one too many when its caller leaves is ended: no caller leaves processes that nobody counts. */
  function next(signal: AbortSignal | undefined): Promise<DenoProcess> {
    const turn = Promise.withResolvers<DenoProcess>();
    const onAbort = (): void => {
      const index = waiting.indexOf(turn);
      // It has just got its process.
      if (index === -1) return;
      waiting.splice(index, 1);
      turn.reject(signal?.reason);
      if (ready.length + needed.length - waiting.length > count) needed.pop()?.abort(signal?.reason);
    };
    waiting.push(turn);
    if (waiting.length > needed.length) begin();
    signal?.addEventListener("abort", onAbort, { once: true });
    return turn.promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  refill();
  return {
    async take(wanted, signal) {
      if (!isSameProfile(wanted, profile)) return undefined;
      refillLater();
      return ready.shift() ?? next(signal);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      closing.abort(new Error("The runtime is closing"));
      await Promise.all(starts);
      await Promise.all(ready.splice(0).map((process) => process[Symbol.asyncDispose]()));
    },
  };
}
