/** Time for lines of all sandboxes in one turn of the event loop, in milliseconds. */
const SLICE_MS = 1;

/** Something that has lines to be taken in. */
export interface LineSource {
  /** Takes in one line. Returns false when there is none, or none may be taken now. */
  takeLine(): boolean;
}

/**
 * Shares the event loop of the node among sandboxes: takes their lines in turn, and gives the loop back after each slice, so that what one of
 * them sends delays neither the heartbeat nor the lines of another by more than a slice.
 */
export interface Intake {
  /** The source may have lines. Takes them at once where the slice of this turn allows, else in the next turns. */
  offer(source: LineSource): void;
}

export function createIntake(): Intake {
  const waiting = new Set<LineSource>();
  let usedMs = 0;
  let isArmed = false;

  function arm(): void {
    if (isArmed) return;
    isArmed = true;
    setImmediate(nextTurn);
  }

  function nextTurn(): void {
    isArmed = false;
    usedMs = 0;
    while (waiting.size > 0 && usedMs < SLICE_MS) {
      for (const source of waiting) {
        if (usedMs >= SLICE_MS) break;
        // To the end of the row, where it has more.
        waiting.delete(source);
        if (take(source)) waiting.add(source);
      }
    }
    if (waiting.size > 0) arm();
  }

  function take(source: LineSource): boolean {
    const startedAt = performance.now();
    const taken = source.takeLine();
    usedMs += performance.now() - startedAt;
    return taken;
  }

  return {
    offer(source) {
      if (waiting.has(source)) return;
      arm();
      while (usedMs < SLICE_MS) if (!take(source)) return;
      waiting.add(source);
    },
  };
}
