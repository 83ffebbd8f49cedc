/** Time for lines of all sandboxes per turn of the event loop, in milliseconds. */
const SLICE_MS = 1;

/** A source of lines. */
export interface LineSource {
  /** Handles one line. Returns false when there is none, or none may be handled now. */
  takeLine(): boolean;
}

/**
 * Shares the event loop among sandboxes: handles their lines in turn and yields after each slice, so that one of them delays the heartbeat
 * and the others by at most a slice.
 */
export interface LineScheduler {
  /** Handles the lines of a source: at once if the slice of this turn allows, else in the next turns. */
  offer(source: LineSource): void;
}

export function createLineScheduler(): LineScheduler {
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
        // To the end of the queue if it has more.
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
