const MINUTE_MS = 60_000;

interface ThrottleOptions<Fields> {
  /** 20 unless given. */
  readonly linesPerMinute?: number | undefined;
  /** Lines with different keys do not count against each other. There must be few keys. By default all lines have the same. */
  readonly keyOf?: ((fields: Fields) => string) | undefined;
}

interface Throttle {
  startedMs: number;
  lines: number;
  suppressed: number;
}

/** Limits the rate of log lines that untrusted peers cause. The next line that is written has the number of suppressed lines as `leftOut`. */
export function createThrottledLog<Fields extends object>(
  write: (fields: Fields & { readonly leftOut?: number }) => void,
  { linesPerMinute = 20, keyOf = () => "" }: ThrottleOptions<Fields> = {},
): (fields: Fields) => void {
  const throttles = new Map<string, Throttle>();

  return (fields) => {
    const key = keyOf(fields);
    const nowMs = performance.now();
    const throttle = throttles.get(key) ?? { startedMs: nowMs, lines: 0, suppressed: 0 };
    throttles.set(key, throttle);
    if (nowMs - throttle.startedMs >= MINUTE_MS) {
      throttle.startedMs = nowMs;
      throttle.lines = 0;
    }
    throttle.lines += 1;
    if (throttle.lines > linesPerMinute) {
      throttle.suppressed += 1;
      return;
    }
    write(throttle.suppressed === 0 ? fields : { ...fields, leftOut: throttle.suppressed });
    throttle.suppressed = 0;
  };
}
