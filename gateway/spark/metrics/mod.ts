/** Metrics of this API: measurements, `/metricz` and `/metrics`. */
export { Measurements } from "./measurements.ts";
export { printMetricz } from "./metricz.ts";
export { PROMETHEUS_TYPE, printPrometheus } from "./prometheus.ts";
