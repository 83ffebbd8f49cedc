import type { Measurements } from "./measurements.ts";
import type { Timer } from "./timer.ts";

/** Class by which spark-jobserver groups these metrics. */
const CLASS = "spark.jobserver.WebApi";

/** The body of `/metricz`: pretty JSON in the shape of spark-jobserver's metrics. */
export function printMetricz({ serverErrors, timers }: Measurements): string {
  const metrics = {
    ...Object.fromEntries([...timers].map(([name, timer]) => [name, describeTimer(timer)])),
    "internal-server-error-status-code": { type: "counter", count: serverErrors.count },
  };
  return JSON.stringify({ [CLASS]: metrics }, undefined, 2);
}

function describeTimer(timer: Timer) {
  const { rate, meanMs } = timer;
  return {
    type: "timer",
    rate: { type: "meter", units: "seconds", count: rate.count, ...rate.rates() },
    duration: { type: "histogram", units: "milliseconds", mean: meanMs, ...timer.quantiles() },
  };
}
