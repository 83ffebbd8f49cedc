import { createSteadyClock } from "../../cluster/mod.ts";
import type { Core } from "../core.ts";
import { sweep } from "./sweep.ts";

/** How long things are kept, in days; null: for ever. */
export interface RetentionConfig {
  /** Final jobs with their configs, results and logs, after their end. */
  readonly jobDays: number | null;
  /** Contexts, after their end. */
  readonly contextDays: number | null;
  /** Versions of binaries that are not the newest of their name, after their upload, unless an open job uses them. */
  readonly binaryDays: number | null;
  /** Time between two sweeps. */
  readonly everyMinutes: number;
}

/** Sweeps now and at every interval. Disposing it waits until a sweep that is under way has stopped. */
export function startRetention(deps: Pick<Core, "dao" | "blobs" | "log">, config: RetentionConfig): AsyncDisposable {
  const closing = new AbortController();
  const clock = createSteadyClock();
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    try {
      const swept = await sweep(deps, config, { now: new Date(clock()), signal: closing.signal });
      if (Object.values(swept).some((count) => count > 0)) deps.log.info(swept, "deleted what was old");
    } catch (error) {
      deps.log.error({ err: error }, "what is old could not be deleted; the next sweep tries again");
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
