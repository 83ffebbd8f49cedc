/** How far a run is: its executor took it, its `validate` was called, or its `run`. */
export type Stage = "taken" | "validating" | "running";

/** Runs of one executor that are at the same stage at the same time are hardly so many. */
const COLUMNS = 256;
const ROWS = { taken: 0, validating: 1, running: 2 } as const satisfies Record<Stage, number>;

/** What an executor has begun, in memory that the main isolate shares: it can be seen there of code that never yields. */
export type Marks = Int32Array;

const { store, load } = Atomics;

export function createMarks(): Marks {
  const length = Object.keys(ROWS).length * COLUMNS;
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

export function mark(marks: Marks, run: number, stage: Stage): void {
  store(marks, placeOf(run, stage), run);
}

export function isMarked(marks: Marks, run: number, stage: Stage): boolean {
  return load(marks, placeOf(run, stage)) === run;
}

function placeOf(run: number, stage: Stage): number {
  return ROWS[stage] * COLUMNS + (run % COLUMNS);
}
