/** What this face measures of itself, and how it tells. */
export { Measurements } from "./measurements.ts";
export { printMetricz } from "./metricz.ts";
export { PROMETHEUS_TYPE, printPrometheus } from "./prometheus.ts";
