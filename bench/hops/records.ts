/** Environment variable with the folder of the records. */
export const HOPS_FOLDER = "HEARTH_BENCH_HOPS";

/** Environment variable that names the program of a process for its threads. */
export const HOPS_PROGRAM = "HEARTH_BENCH_PROGRAM";

/** An input or output of a process. */
export interface HopRecord {
  readonly what:
    | "request"
    | "answer"
    | "session in"
    | "session out"
    | "sandbox in"
    | "sandbox out"
    | "commit begun"
    | "committed";
  /** Nanoseconds of the machine's monotonic clock. */
  readonly at: number;
}

/** The records of one process, or thread. */
export interface Recorded {
  readonly program: string;
  readonly records: readonly HopRecord[];
}

export function isTraced(program: string): boolean {
  return program.endsWith("gateway/main.ts") || program.endsWith("context-node/main.ts");
}
