import type { Logger } from "pino";
import { createSteadyClock } from "../../lib/async/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { type RetentionPeriods, sweep } from "./sweep.ts";

export interface RetentionConfig extends RetentionPeriods {
  /** Minutes between sweeps. */
  readonly everyMinutes: number;
}

/** Sweeps now and at every interval. Disposal waits for the current sweep to stop. */
export function startRetention(
  deps: { readonly dao: Dao; readonly blobs: BlobStore; readonly log: Logger },
  config: RetentionConfig,
): AsyncDisposable {
  const closing = new AbortController();
  const clock = createSteadyClock();
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    try {
      const swept = await sweep(deps, config, { now: new Date(clock()), signal: closing.signal });
      if (Object.values(swept).some((count) => count > 0)) deps.log.info(swept, "retention sweep finished");
    } catch (error) {
      deps.log.error({ err: error }, "retention sweep failed; the next one retries");
    }
    if (!closing.signal.aborted) timer = setTimeout(begin, config.everyMinutes * 60_000).unref();
  };
  let running = round();
  const begin = (): void => {
    running = round();
  };
  return {
    async [Symbol.asyncDispose]() {
      closing.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
