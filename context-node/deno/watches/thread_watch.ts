import { readThreads, type Threads } from "./process_threads.ts";

const INTERVAL_MS = 1000;

/**
 * Maximum share of a CPU that an executor without a job may use between two samples. A busy loop gets more even on a busy machine; timers
 * need less, and garbage collection does not exceed it in two consecutive samples.
 */
const MAX_IDLE_SHARE = 0.1;

/** Number of consecutive samples without any job after which continuing native computations end the process. */
const MAX_POOL_SAMPLES = 5;

interface WatchedThreads {
  readonly pid: number | undefined;
  /** Returns the numbers of all living executors, and of those that had no job since the last sample. */
  executors(): { readonly all: ReadonlySet<number>; readonly idle: ReadonlySet<number> };
  /** Called when an executor without a job uses CPU time. */
  busyWithoutJob(executor: number): void;
  /** Called when a worker thread belongs to no executor. */
  unknownThread(message: string): void;
  /** Called once, when native computations of ended jobs continue although no executor has a job. */
  nativeWorkContinues(message: string): void;
}

/**
 * Samples the threads of a sandbox each second, for executors that use CPU time without a job and for unknown threads. Does nothing on
 * systems without /proc. Disposing it ends the watch.
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
    const next = takeSample(threads, { all, idle, last, maxMs: (now - sampledAt) * MAX_IDLE_SHARE });
    for (const executor of next.busy) if (last.busy.has(executor)) busyWithoutJob(executor);
    for (const executor of next.unknown) {
      // A thread lives a moment longer than the report of its end.
      if (last.unknown.has(executor)) unknownThread(`thread worker-${executor} belongs to no executor`);
    }
    last = next;
    sampledAt = now;
    if (next.poolSamples < MAX_POOL_SAMPLES) return;
    clearInterval(timer);
    nativeWorkContinues("Native computations of ended jobs did not stop");
  }, INTERVAL_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** One sample of the threads. */
interface Sample {
  /** CPU time of idle executors, in milliseconds. */
  readonly cpuMs: Map<number, number>;
  /** Idle executors that used too much CPU time since the previous sample. */
  readonly busy: Set<number>;
  /** Numbers of worker threads that belong to no executor. */
  readonly unknown: Set<number>;
  readonly poolCpuMs: number;
  /** Number of consecutive samples in which all executors were idle and the thread pool was not. */
  readonly poolSamples: number;
}

function takeSample(
  { executors, poolCpuMs }: Threads,
  { all, idle, last, maxMs }: { all: ReadonlySet<number>; idle: ReadonlySet<number>; last: Sample; maxMs: number },
): Sample {
  const isLingering = idle.size === all.size && poolCpuMs - last.poolCpuMs > maxMs;
  const poolSamples = isLingering ? last.poolSamples + 1 : 0;
  const found: Sample = { cpuMs: new Map(), busy: new Set(), unknown: new Set(), poolCpuMs, poolSamples };
  for (const { executor, cpuMs } of executors) {
    if (!all.has(executor)) found.unknown.add(executor);
    if (!idle.has(executor)) continue;
    found.cpuMs.set(executor, cpuMs);
    if (cpuMs - (last.cpuMs.get(executor) ?? Infinity) > maxMs) found.busy.add(executor);
  }
  return found;
}
