/** Name of the variable that says where processes leave their records. */
export const HOPS_FOLDER = "HEARTH_BENCH_HOPS";

/** Name of the variable by which threads know the program of their process. */
export const HOPS_PROGRAM = "HEARTH_BENCH_PROGRAM";

/** Something that went in or out of a process. */
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
