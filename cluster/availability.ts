import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 2000;

/** Interval between log lines about the same outage, in milliseconds. */
const REPORT_INTERVAL_MS = 30_000;

/** How a start waits for a dependency. */
export interface Waiting {
  readonly log: Pick<Logger, "info" | "warn">;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the name of the dependency while it is unavailable, and with undefined once it is available. */
  readonly onWait?: ((what: string | undefined) => void) | undefined;
}

/**
 * Resolves to the result of the attempt, which is retried with back-off while `isAway` returns true for its error. Logs the dependency, the
 * reason and the start of the outage. Rejects with other errors of the attempt, and with the signal's reason.
 */
export async function whenAvailable<Value>(
  what: string,
  attempt: () => Promise<Value>,
  { log, signal, onWait, isAway = () => true }: Waiting & { readonly isAway?: (error: unknown) => boolean },
): Promise<Value> {
  const startedAt = performance.now();
  const since = new Date().toISOString();
  let reportedAt = Number.NEGATIVE_INFINITY;
  let reported: string | undefined;
  for (let backOffMs = FIRST_BACK_OFF_MS; ; backOffMs = Math.min(2 * backOffMs, LONGEST_BACK_OFF_MS)) {
    signal?.throwIfAborted();
    const [outcome] = await Promise.allSettled([attempt()]);
    if (outcome.status === "fulfilled") {
      onWait?.(undefined);
      if (reported !== undefined) log.info({ waitedMs: waitedMs(startedAt) }, `${what} is there now`);
      return outcome.value;
    }
    signal?.throwIfAborted();
    if (!isAway(outcome.reason)) throw outcome.reason;
    onWait?.(what);
    const reason = outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason);
    if (reason !== reported || performance.now() - reportedAt >= REPORT_INTERVAL_MS) {
      log.warn({ reason, since, waitedMs: waitedMs(startedAt) }, `${what} is not there yet, trying again`);
      reported = reason;
      reportedAt = performance.now();
    }
    await delay(backOffMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

function waitedMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
