import type { DenoProcess, ProcessLog } from "./process.ts";
import { isSameProfile, type ProcessProfile } from "./profile.ts";

/** Processes that wait for a context. Disposing it ends them. */
export interface Spares extends AsyncDisposable {
  /** A process that is ready, and the caller's from now on; undefined when there is none of that profile. */
  take(profile: ProcessProfile): DenoProcess | undefined;
}

interface SparesDeps {
  start(signal: AbortSignal): Promise<DenoProcess>;
  readonly log: ProcessLog;
}

/** Keeps `count` processes ready; each that is taken, or dies, is replaced. One that does not start is not tried again before the next is taken. */
export function createSpares(
  { start, log }: SparesDeps,
  { profile, count }: { profile: ProcessProfile; count: number },
): Spares {
  const ready: DenoProcess[] = [];
  const starts = new Set<Promise<void>>();
  const closing = new AbortController();

  function refill(): void {
    while (!closing.signal.aborted && ready.length + starts.size < count) {
      const started = start(closing.signal)
        .then(keep, (error: Error) => {
          if (!closing.signal.aborted) log.warn({ err: error }, "cannot start a spare sandbox process");
        })
        .finally(() => starts.delete(started));
      starts.add(started);
    }
  }

  function keep(process: DenoProcess): void {
    ready.push(process);
    void process.ended.then(() => {
      const index = ready.indexOf(process);
      if (index === -1) return;
      ready.splice(index, 1);
      refill();
    });
  }

  refill();
  return {
    take(wanted) {
      if (!isSameProfile(wanted, profile)) return undefined;
      const process = ready.shift();
      refill();
      return process;
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("The runtime is closing"));
      await Promise.all(starts);
      await Promise.all(ready.splice(0).map((process) => process[Symbol.asyncDispose]()));
    },
  };
}
