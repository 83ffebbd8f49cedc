/** Stage of a run: its executor took it, called its `validate`, or called its `run`. */
export type Stage = "taken" | "validating" | "running";

/** Slots per stage. Run numbers share them modulo this count; one executor hardly has as many runs at a time. */
const COLUMNS = 256;
const ROWS = { taken: 0, validating: 1, running: 2 } as const satisfies Record<Stage, number>;

/** Stages of an executor's runs, in memory shared with the main isolate, which can read it while the executor's code never yields. */
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
