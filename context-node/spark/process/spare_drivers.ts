import type { ProcessLog } from "../../process_output.ts";
import type { Driver } from "./driver.ts";

/** Warm drivers that wait for a context. Disposing it ends them. */
export interface Spares extends AsyncDisposable {
  /** One that is the caller's from now on; undefined when none is warm. */
  take(): Driver | undefined;
  /** Starts what is missing. One that does not start is not tried again before the next call. */
  refill(): void;
}

interface SparesDeps {
  /** Resolves when it is warm. */
  start(signal: AbortSignal): Promise<Driver>;
  readonly log: Pick<ProcessLog, "warn">;
}

export function createSpares({ start, log }: SparesDeps, { count }: { count: number }): Spares {
  const warm: Driver[] = [];
  const starts = new Set<Promise<void>>();
  const closing = new AbortController();

  async function add(): Promise<void> {
    try {
      const driver = await start(closing.signal);
      warm.push(driver);
      void driver.ended.then(() => {
        const index = warm.indexOf(driver);
        if (index !== -1) warm.splice(index, 1);
      });
    } catch (error) {
      if (!closing.signal.aborted) log.warn({ err: error }, "cannot start a spare Spark driver");
    }
  }

  return {
    take: () => warm.shift(),
    refill() {
      while (!closing.signal.aborted && warm.length + starts.size < count) {
        const started = add().finally(() => starts.delete(started));
        starts.add(started);
      }
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error("The runtime is closing"));
      await Promise.all(starts);
      await Promise.all(warm.splice(0).map((driver) => driver[Symbol.asyncDispose]()));
    },
  };
}
