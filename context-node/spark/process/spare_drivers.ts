import type { ProcessLog } from "../../process_output.ts";
import type { Driver } from "./driver.ts";

/** Warm drivers that wait for a context. Disposing ends them. */
export interface Spares extends AsyncDisposable {
  /** Hands over a warm driver; undefined if there is none. */
  take(): Driver | undefined;
  /** Starts the missing spares. After a failed start, only the next call retries. */
  refill(): void;
}

interface SparesDeps {
  /** Starts a driver. Resolves when it is warm. */
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
      if (!closing.signal.aborted) log.warn({ err: error }, "spare Spark driver failed to start");
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
