import { readExecutorThreads } from "./threads.ts";

const INTERVAL_MS = 1000;

/**
 * Share of a processor that an executor without a job may use between two looks. Code that burns gets more also on a busy machine; timers
 * take less, and garbage collection takes it no two times in a row.
 */
const MOST_IDLE_SHARE = 0.1;

interface WatchedThreads {
  readonly pid: number | undefined;
  /** Numbers of executors that were started and have not ended; those of them that had no job since the last look are idle. */
  executors(): { readonly all: ReadonlySet<number>; readonly idle: ReadonlySet<number> };
  /** The executor burns processor time although it has no job. */
  burns(executor: number): void;
  /** There is a thread that no executor accounts for. */
  stray(message: string): void;
}

/**
 * Looks each second at the threads of a sandbox: at what executors do that have no job, and for threads that should not be there. Does
 * nothing where the system has no /proc. Disposing it ends the watch.
 */
export function watchThreads({ pid, executors, burns, stray }: WatchedThreads): Disposable {
  if (pid === undefined) return { [Symbol.dispose]() {} };
  /** Of executors that were idle at the last look. */
  let cpuMs = new Map<number, number>();
  /** Those that used too much at the last look. */
  let burning = new Set<number>();
  let strays = new Set<number>();
  let lookedAt = performance.now();

  const timer = setInterval(() => {
    const threads = readExecutorThreads(pid);
    if (threads === undefined) return;
    const now = performance.now();
    const mostMs = (now - lookedAt) * MOST_IDLE_SHARE;
    lookedAt = now;
    const { all, idle } = executors();
    const last = { cpuMs, burning, strays };
    cpuMs = new Map();
    burning = new Set();
    strays = new Set();
    for (const thread of threads) {
      const { executor } = thread;
      if (idle.has(executor)) {
        const before = last.cpuMs.get(executor) ?? Infinity;
        if (thread.cpuMs - before > mostMs) burning.add(executor);
        if (burning.has(executor) && last.burning.has(executor)) burns(executor);
        cpuMs.set(executor, thread.cpuMs);
      }
      if (all.has(executor)) continue;
      // A thread outlives the report of its end by a moment.
      strays.add(executor);
      if (last.strays.has(executor)) stray(`a thread (worker-${executor}) that no executor accounts for`);
    }
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
