import type { SparkDeps } from "../deps.ts";
import { type Answer, rawJson, success } from "../http/answer.ts";
import { PROMETHEUS_TYPE, printMetricz, printPrometheus } from "../metrics/mod.ts";

/** `GET /healthz`: liveness. Readiness is at `/readyz`. */
export function getHealth(): Answer {
  return success();
}

/** `GET /metricz` */
export function getMetricz({ measurements }: SparkDeps): Answer {
  return rawJson(200, printMetricz(measurements));
}

/** `GET /metrics` */
export function getMetrics({ core, measurements }: SparkDeps): Answer {
  return { status: 200, headers: { "content-type": PROMETHEUS_TYPE }, body: printPrometheus(core, measurements) };
}
