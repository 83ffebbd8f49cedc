import { residentBytes } from "../../process_memory.ts";

/**
 * What a process takes beside the memory of jobs. Measured (Deno 2.9, x64): 18 MB for the process, 10 MB for each idle executor, and up to
 * 9 MB of garbage in each that V8 has not collected yet after 2000 small jobs; doubled, because it is no limit for jobs.
 */
const PROCESS_BYTES = 36 * 1024 * 1024;
const EXECUTOR_BYTES = 38 * 1024 * 1024;
const INTERVAL_MS = 200;

/** Multiple of the limit that ends the process at once. */
const HARD_LIMIT_FACTOR = 2;

/**
 * Number of samples in a row over the limit that end the process. An executor that reaches its heap limit takes more room while it is ended, and
 * gives it back, which takes some tenths of a second where the CPU is busy.
 */
const SAMPLES_OVER = 4;

/** A watch on the memory of a process. Disposing it ends it. */
export interface MemoryWatch extends Disposable {
  /** Resident memory in bytes when last looked; 0 where the operating system does not tell. */
  bytes(): number;
}

interface WatchedProcess {
  /** Undefined while it is not known. */
  pid(): number | undefined;
  readonly limitBytes: number;
  /** Executors now. */
  executors(): number;
}

/**
 * Calls `exceeded` when the process has more resident memory than the limit allows. Executors have a heap limit of their own, but
 * it does not count the bytes of ArrayBuffers, and each executor has it for itself.
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

/** What a process may have of memory at most, for a moment: the kernel ends one that takes more, where control groups hold it. */
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
