import type { Logger } from "pino";
import { aborted, pause } from "../../lib/async/mod.ts";
import type { Child } from "./child.ts";

/** How long to wait before a part that died is started again, in milliseconds. */
export interface BackOff {
  /** Wait after the first death; doubled for each death that follows soon. */
  readonly firstMs: number;
  /** Longest wait; restarts go on with it for ever. */
  readonly longestMs: number;
  /** Uptime after which a death counts as the first again. */
  readonly wellMs: number;
}

export const BACK_OFF: BackOff = { firstMs: 500, longestMs: 30_000, wellMs: 60_000 };

interface SuperviseDeps {
  readonly log: Pick<Logger, "info" | "warn">;
  /** Ends the restarts; the process that runs then stays until disposal. */
  readonly signal?: AbortSignal | undefined;
}

export interface PartSpec<Ready> {
  readonly name: string;
  /** Starts a process of the part. `before` is what the first one said when it was ready; absent for the first. */
  start(options: { readonly signal: AbortSignal; readonly before?: Ready }): Promise<Child<Ready>>;
  readonly backOff?: BackOff | undefined;
}

/** A part of the system that is started again when it dies. Disposing it ends its process, and a restart under way. */
export interface Part<Ready> extends AsyncDisposable {
  /** What its first process said when it was ready. */
  readonly ready: Ready;
  /** Id of its first process. */
  readonly pid: number;
}

/** Starts a part and supervises it from then on. Rejects when its first process does not start. */
export async function startPart<Ready>(
  { log, signal }: SuperviseDeps,
  { name, start, backOff = BACK_OFF }: PartSpec<Ready>,
): Promise<Part<Ready>> {
  const closing = new AbortController();
  const ending = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
  const ended = aborted(ending);

  const first = await start({ signal: ending });
  let current = first;

  /** Resolves to why the process ended by itself; undefined once restarts are over. */
  const deathOf = (child: Child<Ready>): Promise<Error | undefined> =>
    Promise.race([child.closed.then(() => undefined).catch((error: Error) => error), ended]);

  const startAgain = async (): Promise<Error | undefined> => {
    try {
      current = await start({ signal: ending, before: first.ready });
    } catch (error) {
      return ending.aborted ? undefined : (error as Error);
    }
    log.info({ process: name, processId: current.pid }, "started again");
    return deathOf(current);
  };

  const supervise = async (): Promise<void> => {
    let waitMs = backOff.firstMs;
    let startedAt = performance.now();
    let death = await deathOf(first);
    while (death !== undefined) {
      if (performance.now() - startedAt >= backOff.wellMs) waitMs = backOff.firstMs;
      const [reason] = death.message.split("\n");
      log.warn({ process: name, reason, restartMs: waitMs }, "a part died and will be started again");
      await pause(waitMs, { signal: ending });
      if (ending.aborted) return;
      waitMs = Math.min(2 * waitMs, backOff.longestMs);
      startedAt = performance.now();
      death = await startAgain();
    }
  };
  const supervised = supervise();
  return {
    ready: first.ready,
    pid: first.pid,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await supervised;
      await current[Symbol.asyncDispose]();
    },
  };
}
