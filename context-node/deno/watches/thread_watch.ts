import { readThreads, type Threads } from "./process_threads.ts";

const INTERVAL_MS = 1000;

/**
 * Share of a processor that an executor without a job may use between two looks. Code that burns gets more also on a busy machine; timers
 * take less, and garbage collection takes it no two times in a row.
 */
const MOST_IDLE_SHARE = 0.1;

/** Looks in a row, without any job, after which native computations that go on end the process. */
const MOST_POOL_LOOKS = 5;

interface WatchedThreads {
  readonly pid: number | undefined;
  /** Numbers of executors that were started and have not ended; those of them that had no job since the last look are idle. */
  executors(): { readonly all: ReadonlySet<number>; readonly idle: ReadonlySet<number> };
  /** The executor burns processor time although it has no job. */
  burns(executor: number): void;
  /** There is a thread that no executor accounts for. */
  stray(message: string): void;
  /** No executor has a job, and native computations of jobs that have ended go on. Called once. */
  lingers(message: string): void;
}

/**
 * Looks each second at the threads of a sandbox: at what executors do that have no job, and for threads that should not be there. Does
 * nothing where the system has no /proc. Disposing it ends the watch.
 */
export function watchThreads({ pid, executors, burns, stray, lingers }: WatchedThreads): Disposable {
  if (pid === undefined) return { [Symbol.dispose]() {} };
  let last: Look = { cpuMs: new Map(), burning: new Set(), strays: new Set(), poolCpuMs: Infinity, poolLooks: 0 };
  let lookedAt = performance.now();

  const timer = setInterval(() => {
    const threads = readThreads(pid);
    if (threads === undefined) return;
    const now = performance.now();
    const { all, idle } = executors();
    const next = look(threads, { all, idle, last, mostMs: (now - lookedAt) * MOST_IDLE_SHARE });
    for (const executor of next.burning) if (last.burning.has(executor)) burns(executor);
    for (const executor of next.strays) {
      // A thread outlives the report of its end by a moment.
      if (last.strays.has(executor)) stray(`a thread (worker-${executor}) that no executor accounts for`);
    }
    last = next;
    lookedAt = now;
    if (next.poolLooks < MOST_POOL_LOOKS) return;
    clearInterval(timer);
    lingers("Native computations of jobs that have ended went on");
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What one look found. */
interface Look {
  /** Processor time, of executors that were idle. */
  readonly cpuMs: Map<number, number>;
  /** Idle ones that used too much since the look before. */
  readonly burning: Set<number>;
  /** Numbers of threads that no executor accounts for. */
  readonly strays: Set<number>;
  readonly poolCpuMs: number;
  /** How many looks in a row found that all executors are idle and the pool is not. */
  readonly poolLooks: number;
}

function look(
  { executors, poolCpuMs }: Threads,
  { all, idle, last, mostMs }: { all: ReadonlySet<number>; idle: ReadonlySet<number>; last: Look; mostMs: number },
): Look {
  const isLingering = idle.size === all.size && poolCpuMs - last.poolCpuMs > mostMs;
  const poolLooks = isLingering ? last.poolLooks + 1 : 0;
  const found: Look = { cpuMs: new Map(), burning: new Set(), strays: new Set(), poolCpuMs, poolLooks };
  for (const { executor, cpuMs } of executors) {
    if (!all.has(executor)) found.strays.add(executor);
    if (!idle.has(executor)) continue;
    found.cpuMs.set(executor, cpuMs);
    if (cpuMs - (last.cpuMs.get(executor) ?? Infinity) > mostMs) found.burning.add(executor);
  }
  return found;
}
