/** Latencies of a repeated operation. */
export interface Latency {
  readonly count: number;
  /** Null without measurements. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
}

/** `times` are milliseconds in any order. */
export function latencyOf(times: readonly number[]): Latency {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (part: number) => sorted[Math.floor(part * sorted.length)] ?? null;
  return { count: sorted.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99), worstMs: sorted.at(-1) ?? null };
}
