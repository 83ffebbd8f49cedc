import type { Logger } from "pino";
import { aborted, pause } from "../../lib/async/mod.ts";
import type { Child } from "./child.ts";

/** Delays before restarts of a part that died, in milliseconds. */
export interface BackOff {
  /** Delay after the first death. Doubles with each further death in a row. */
  readonly firstMs: number;
  /** Longest delay. Restarts continue with it forever. */
  readonly longestMs: number;
  /** Uptime after which a death resets the delay. */
  readonly wellMs: number;
}

export const BACK_OFF: BackOff = { firstMs: 500, longestMs: 30_000, wellMs: 60_000 };

interface SuperviseDeps {
  readonly log: Pick<Logger, "info" | "warn">;
  /** Stops restarts. A running process stays until disposal. */
  readonly signal?: AbortSignal | undefined;
}

export interface PartSpec<Ready> {
  readonly name: string;
  /** Starts a process of the part. `before` is the `ready` of the first process; absent for the first. */
  start(options: { readonly signal: AbortSignal; readonly before?: Ready }): Promise<Child<Ready>>;
  readonly backOff?: BackOff | undefined;
}

/** A supervised part of the system, restarted when it dies. Disposing it ends its process or a pending restart. */
export interface Part<Ready> extends AsyncDisposable {
  /** The `ready` of its first process. */
  readonly ready: Ready;
  /** Id of its first process. */
  readonly pid: number;
}

/** Starts and supervises a part. Rejects if its first process does not start. */
export async function startPart<Ready>(
  { log, signal }: SuperviseDeps,
  { name, start, backOff = BACK_OFF }: PartSpec<Ready>,
): Promise<Part<Ready>> {
  const closing = new AbortController();
  const ending = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
  const ended = aborted(ending);

  const first = await start({ signal: ending });
  let current = first;

  /** Resolves to the error with which the process ended by itself, or to undefined when supervision ends. */
  const deathOf = (child: Child<Ready>): Promise<Error | undefined> =>
    Promise.race([child.closed.then(() => undefined).catch((error: Error) => error), ended]);

  const startAgain = async (): Promise<Error | undefined> => {
    try {
      current = await start({ signal: ending, before: first.ready });
    } catch (error) {
      return ending.aborted ? undefined : (error as Error);
    }
    log.info({ process: name, processId: current.pid }, "restarted");
    return deathOf(current);
  };

  const supervise = async (): Promise<void> => {
    let waitMs = backOff.firstMs;
    let startedAt = performance.now();
    let death = await deathOf(first);
    while (death !== undefined) {
      if (performance.now() - startedAt >= backOff.wellMs) waitMs = backOff.firstMs;
      const [reason] = death.message.split("\n");
      log.warn({ process: name, reason, restartMs: waitMs }, "a part died and will be restarted");
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
