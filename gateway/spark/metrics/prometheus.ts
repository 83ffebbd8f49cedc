import { Job_State } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import type { Measurements } from "./measurements.ts";
import { BUCKETS } from "./timer.ts";

/** Media type of Prometheus' text format. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Appended to the name of the metric. */
  readonly suffix?: string;
}

/**
 * The body of `/metrics`, in Prometheus' text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/): this process, its requests, jobs and nodes.
 */
export function printPrometheus({ nodes, jobs }: Pick<Core, "nodes" | "jobs">, measurements: Measurements): string {
  const loads = nodes.sessions().flatMap(({ load }) => Object.values(load.contexts));
  const sum = (pick: (load: (typeof loads)[number]) => number): Sample[] => [
    { value: loads.reduce((total, load) => total + pick(load), 0) },
  ];
  const ended = [...jobs.endedByState].map(([state, value]) => ({
    labels: { state: Job_State[state] ?? String(state) },
    value,
  }));
  return [
    ...processMetrics(),
    ...loopMetrics(measurements),
    metric("hearth_nodes", "gauge", "Context nodes with an open session.", [{ value: nodes.sessions().length }]),
    metric("hearth_contexts", "gauge", "Contexts on those nodes.", [{ value: loads.length }]),
    metric(
      "hearth_jobs_running",
      "gauge",
      "Jobs that run on those nodes.",
      sum(({ runningJobs }) => runningJobs),
    ),
    metric(
      "hearth_jobs_queued",
      "gauge",
      "Jobs that wait there for a slot.",
      sum(({ queuedJobs }) => queuedJobs),
    ),
    metric("hearth_jobs_ended_total", "counter", "Jobs whose end this gateway recorded.", ended),
    metric("hearth_spark_request_duration_seconds", "histogram", "Requests of the spark-jobserver API.", [
      ...requestSamples(measurements),
    ]),
    metric("hearth_spark_server_errors_total", "counter", "Answers of that API with status 500 and above.", [
      { value: measurements.serverErrors.count },
    ]),
  ].join("");
}

function processMetrics(): string[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const startedAt = performance.timeOrigin / 1000;
  return [
    metric("process_cpu_seconds_total", "counter", "CPU time of the gateway.", [{ value: (user + system) / 1e6 }]),
    metric("process_resident_memory_bytes", "gauge", "Resident memory of the gateway.", [{ value: rss }]),
    metric("nodejs_heap_size_used_bytes", "gauge", "Heap in use.", [{ value: heapUsed }]),
    metric("process_start_time_seconds", "gauge", "When the gateway started, since 1970.", [{ value: startedAt }]),
  ];
}

/** Names of Prometheus' client for Node. */
function loopMetrics({ loopDelay }: Measurements): string[] {
  const { p50, p99, max } = loopDelay.read();
  return [
    metric("nodejs_eventloop_lag_p50_seconds", "gauge", "Median delay of the event loop lately.", [{ value: p50 }]),
    metric("nodejs_eventloop_lag_p99_seconds", "gauge", "99th percentile of that delay.", [{ value: p99 }]),
    metric("nodejs_eventloop_lag_max_seconds", "gauge", "Longest such delay.", [{ value: max }]),
  ];
}

function* requestSamples({ timers }: Measurements): Generator<Sample> {
  for (const [request, timer] of timers) {
    for (const [index, seconds] of BUCKETS.entries()) {
      yield { suffix: "_bucket", labels: { request, le: String(seconds) }, value: timer.buckets[index] ?? 0 };
    }
    yield { suffix: "_bucket", labels: { request, le: "+Inf" }, value: timer.rate.count };
    yield { suffix: "_sum", labels: { request }, value: timer.sumMs / 1000 };
    yield { suffix: "_count", labels: { request }, value: timer.rate.count };
  }
}

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(
    ({ suffix = "", labels = {}, value }) => `${name}${suffix}${printLabels(labels)} ${value}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function printLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
