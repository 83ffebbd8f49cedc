/** Interval in which at most LINES_PER_INTERVAL lines are written, in milliseconds. */
const INTERVAL_MS = 60_000;

const LINES_PER_INTERVAL = 20;

/**
 * Returns a log function for events that clients can cause at will: it writes a line, or counts it as suppressed. The next written line has
 * the count as `leftOut`.
 */
export function createThrottledLog(write: (fields: object) => void): (fields: object) => void {
  let startedMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let leftOut = 0;

  return (fields) => {
    const nowMs = performance.now();
    if (nowMs - startedMs >= INTERVAL_MS) {
      startedMs = nowMs;
      lines = 0;
    }
    lines += 1;
    if (lines > LINES_PER_INTERVAL) {
      leftOut += 1;
      return;
    }
    write(leftOut === 0 ? fields : { ...fields, leftOut });
    leftOut = 0;
  };
}
