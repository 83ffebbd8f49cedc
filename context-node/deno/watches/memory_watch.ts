import { residentBytes } from "../../process_memory.ts";

/**
 * Allowance for memory that is not used by jobs, in bytes. Measured (Deno 2.9, x64): 18 MB for the process, 10 MB for each idle executor, and
 * up to 9 MB of uncollected garbage in each after 2000 small jobs. The values are doubled, because they are not meant to limit jobs.
 */
const PROCESS_BYTES = 36 * 1024 * 1024;
const EXECUTOR_BYTES = 38 * 1024 * 1024;
const INTERVAL_MS = 200;

/** Multiple of the allowance at which the process is killed at once. */
const HARD_LIMIT_FACTOR = 2;

/**
 * Number of consecutive samples over the allowance after which the process is killed. An executor that reaches its heap limit uses more memory
 * while it ends, and frees it within some tenths of a second on a busy CPU.
 */
const SAMPLES_OVER = 4;

/** A watch on the memory of a process. Disposing it ends the watch. */
export interface MemoryWatch extends Disposable {
  /** Returns the last sample of the resident memory, in bytes; 0 if the operating system does not report it. */
  bytes(): number;
}

interface WatchedProcess {
  /** Returns undefined while the process id is unknown. */
  pid(): number | undefined;
  readonly limitBytes: number;
  /** Returns the current number of executors. */
  executors(): number;
}

/**
 * Calls `exceeded` once when the resident memory of the process exceeds its allowance. The heap limit of executors is not enough: it does
 * not count ArrayBuffers, and applies to each executor separately.
 */
export function watchMemory(
  { pid, limitBytes, executors }: WatchedProcess,
  exceeded: (message: string) => void,
): MemoryWatch {
  let bytes = 0;
  let over = 0;
  const timer = setInterval(() => {
    bytes = residentBytes(pid());
    const allowedBytes = allowance(limitBytes, executors());
    over = bytes > allowedBytes ? over + 1 : 0;
    if (bytes <= HARD_LIMIT_FACTOR * allowedBytes && over < SAMPLES_OVER) return;
    clearInterval(timer);
    exceeded(describeExcess(bytes, limitBytes));
  }, INTERVAL_MS);
  timer.unref();
  return {
    bytes() {
      if (bytes === 0) bytes = residentBytes(pid());
      return bytes;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Returns the memory at which the kernel kills the process, in bytes, if control groups are available. */
export function hardLimitBytes(limitBytes: number, { executors }: { executors: number }): number {
  return HARD_LIMIT_FACTOR * allowance(limitBytes, executors);
}

function allowance(limitBytes: number, executors: number): number {
  return limitBytes + PROCESS_BYTES + executors * EXECUTOR_BYTES;
}

export function describeExcess(bytes: number, limitBytes: number): string {
  return `The context had ${mebibytes(bytes)} in memory; its limit is ${mebibytes(limitBytes)}`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}
