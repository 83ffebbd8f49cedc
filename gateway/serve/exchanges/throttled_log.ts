/** Time in which at most LINES_PER_INTERVAL lines are written. */
const INTERVAL_MS = 60_000;

const LINES_PER_INTERVAL = 20;

/** Writes a line, or counts it, where strangers decide how often. The next line that is written has the count as `leftOut`. */
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
