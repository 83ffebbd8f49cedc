import type { ExecutorEnd } from "../sandbox/messages/protocol.ts";
import type { DataStreams } from "./data_streams.ts";

/** The node's state of one executor. `Job` is what the caller keeps for a job that runs there. */
export interface ExecutorSlot<Job> {
  readonly number: number;
  /** By the number of their run. */
  readonly jobs: Map<number, Job>;
  /** Digests of the programs that it has loaded, or is about to load. */
  readonly loaded: Set<string>;
  readonly data: DataStreams;
  /** Whether it had a job since the last sample. */
  wasBusy: boolean;
  /** Whether it was commanded to end: it gets no more jobs, and reports its end. */
  isEnding: boolean;
  /** Kills the process if the executor does not report its end in time. */
  endTimer: NodeJS.Timeout | undefined;
  /** The reason that the executor itself reported for its end. */
  reportedEnd: ExecutorEnd | undefined;
}

export function createSlot<Job>(number: number, data: DataStreams): ExecutorSlot<Job> {
  return {
    number,
    jobs: new Map(),
    loaded: new Set(),
    data,
    wasBusy: false,
    isEnding: false,
    endTimer: undefined,
    reportedEnd: undefined,
  };
}

/** Releases what the slot of an ended executor holds. */
export function closeSlot(slot: ExecutorSlot<unknown>): void {
  slot.isEnding = true;
  clearTimeout(slot.endTimer);
  slot.data.close();
}

/** Chooses the least busy executor, and prefers those that have loaded the program. Returns undefined if all are full. */
export function chooseSlot<Job>(
  slots: Iterable<ExecutorSlot<Job>>,
  { digest, jobsPerExecutor }: { digest: string; jobsPerExecutor: number },
): ExecutorSlot<Job> | undefined {
  let best: ExecutorSlot<Job> | undefined;
  for (const slot of slots) {
    if (slot.isEnding || slot.jobs.size >= jobsPerExecutor) continue;
    if (best === undefined || rank(slot, digest) > rank(best, digest)) best = slot;
  }
  return best;
}

function rank(slot: ExecutorSlot<unknown>, digest: string): number {
  return (slot.loaded.has(digest) ? 1 : 0) - slot.jobs.size;
}
