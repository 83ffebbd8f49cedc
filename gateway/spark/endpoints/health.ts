import type { SparkDeps } from "../deps.ts";
import { type Answer, failure, rawJson, success } from "../http/answer.ts";
import { PROMETHEUS_TYPE, printMetricz, printPrometheus } from "../metrics/mod.ts";

/** `GET /healthz` */
export async function getHealth({ readiness }: SparkDeps): Promise<Answer> {
  if (readiness.closing.aborted) return failure(500, "Required actors not alive");
  return (await readiness.check()) ? success() : failure(500, "Required actors not alive");
}

/** `GET /metricz` */
export function getMetricz({ measurements }: SparkDeps): Answer {
  return rawJson(200, printMetricz(measurements));
}

/** `GET /metrics` */
export function getMetrics({ core, measurements }: SparkDeps): Answer {
  return { status: 200, headers: { "content-type": PROMETHEUS_TYPE }, body: printPrometheus(core, measurements) };
}
