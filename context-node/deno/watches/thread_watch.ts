import { readThreads, type Threads } from "./process_threads.ts";

const INTERVAL_MS = 1000;

/**
 * Share of a processor that an executor without a job may use between two looks. Code that busyWithoutJob gets more also on a busy machine; timers
 * take less, and garbage collection takes it no two times in a row.
 */
const MAX_IDLE_SHARE = 0.1;

/** Looks in a row, without any job, after which native computations that go on end the process. */
const MAX_POOL_SAMPLES = 5;

interface WatchedThreads {
  readonly pid: number | undefined;
  /** Numbers of executors that were started and have not ended; those of them that had no job since the last look are idle. */
  executors(): { readonly all: ReadonlySet<number>; readonly idle: ReadonlySet<number> };
  /** The executor busyWithoutJob processor time although it has no job. */
  busyWithoutJob(executor: number): void;
  /** There is a thread that no executor accounts for. */
  unknownThread(message: string): void;
  /** No executor has a job, and native computations of jobs that have ended go on. Called once. */
  nativeWorkContinues(message: string): void;
}

/**
 * Looks each second at the threads of a sandbox: at what executors do that have no job, and for threads that should not be there. Does
 * nothing where the system has no /proc. Disposing it ends the watch.
 */
export function watchThreads({
  pid,
  executors,
  busyWithoutJob,
  unknownThread,
  nativeWorkContinues,
}: WatchedThreads): Disposable {
  if (pid === undefined) return { [Symbol.dispose]() {} };
  let last: Sample = { cpuMs: new Map(), busy: new Set(), unknown: new Set(), poolCpuMs: Infinity, poolSamples: 0 };
  let sampledAt = performance.now();

  const timer = setInterval(() => {
    const threads = readThreads(pid);
    if (threads === undefined) return;
    const now = performance.now();
    const { all, idle } = executors();
    const next = takeSample(threads, { all, idle, last, mostMs: (now - sampledAt) * MAX_IDLE_SHARE });
    for (const executor of next.busy) if (last.busy.has(executor)) busyWithoutJob(executor);
    for (const executor of next.unknown) {
      // A thread outlives the report of its end by a moment.
      if (last.unknown.has(executor)) unknownThread(`a thread (worker-${executor}) that no executor accounts for`);
    }
    last = next;
    sampledAt = now;
    if (next.poolSamples < MAX_POOL_SAMPLES) return;
    clearInterval(timer);
    nativeWorkContinues("Native computations of jobs that have ended went on");
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** What one look found. */
interface Sample {
  /** Processor time, of executors that were idle. */
  readonly cpuMs: Map<number, number>;
  /** Idle ones that used too much since the look before. */
  readonly busy: Set<number>;
  /** Numbers of threads that no executor accounts for. */
  readonly unknown: Set<number>;
  readonly poolCpuMs: number;
  /** How many looks in a row found that all executors are idle and the pool is not. */
  readonly poolSamples: number;
}

function takeSample(
  { executors, poolCpuMs }: Threads,
  { all, idle, last, mostMs }: { all: ReadonlySet<number>; idle: ReadonlySet<number>; last: Sample; mostMs: number },
): Sample {
  const isLingering = idle.size === all.size && poolCpuMs - last.poolCpuMs > mostMs;
  const poolSamples = isLingering ? last.poolSamples + 1 : 0;
  const found: Sample = { cpuMs: new Map(), busy: new Set(), unknown: new Set(), poolCpuMs, poolSamples };
  for (const { executor, cpuMs } of executors) {
    if (!all.has(executor)) found.unknown.add(executor);
    if (!idle.has(executor)) continue;
    found.cpuMs.set(executor, cpuMs);
    if (cpuMs - (last.cpuMs.get(executor) ?? Infinity) > mostMs) found.busy.add(executor);
  }
  return found;
}
