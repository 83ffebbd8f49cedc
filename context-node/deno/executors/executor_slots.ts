import type { RunningJob } from "../jobs/running_job.ts";
import type { ExecutorEnd } from "../sandbox/messages/protocol.ts";
import type { DataStreams } from "./data_streams.ts";

/** One executor, as the node counts it. */
export interface ExecutorSlot {
  readonly number: number;
  readonly jobs: Map<number, RunningJob>;
  /** Digests of the programs that it was handed. */
  readonly loaded: Set<string>;
  readonly data: DataStreams;
  /** It has had a job since stock was last taken. */
  wasBusy: boolean;
  /** It takes no more jobs and will report its end. */
  ending: boolean;
  /** Runs from the command to end until the end is reported. */
  endTimer: NodeJS.Timeout | undefined;
  /** Why it ends, when it said so itself. */
  lastWord: ExecutorEnd | undefined;
}

export function createSlot(number: number, data: DataStreams): ExecutorSlot {
  return {
    number,
    jobs: new Map(),
    loaded: new Set(),
    data,
    wasBusy: false,
    ending: false,
    endTimer: undefined,
    lastWord: undefined,
  };
}

/** The executor has ended. */
export function closeSlot(slot: ExecutorSlot): void {
  slot.ending = true;
  clearTimeout(slot.endTimer);
  slot.data.close();
}

/**
 * The executor to run on: one that has the program loaded rather than not, and the least busy of these. Undefined when all are
 * full.
 */
export function chooseSlot(
  slots: Iterable<ExecutorSlot>,
  { digest, jobsPerExecutor }: { digest: string; jobsPerExecutor: number },
): ExecutorSlot | undefined {
  let best: ExecutorSlot | undefined;
  for (const slot of slots) {
    if (slot.ending || slot.jobs.size >= jobsPerExecutor) continue;
    if (best === undefined || rank(slot, digest) > rank(best, digest)) best = slot;
  }
  return best;
}

function rank(slot: ExecutorSlot, digest: string): number {
  return (slot.loaded.has(digest) ? 1 : 0) - slot.jobs.size;
}
