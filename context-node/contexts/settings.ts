import { ContextSettings, RuntimeName } from "../../proto/node.ts";

export const DEFAULT_MEMORY_BYTES = 512 * 1024 * 1024;

/** Default memory of a Spark context, in bytes. Its driver needs most of half of it before it runs a job. */
export const DEFAULT_SPARK_MEMORY_BYTES = 1024 * 1024 * 1024;

/** Runtime of a context with these settings. */
export function runtimeOf(asked: Pick<ContextSettings, "runtime"> | undefined): RuntimeName {
  return asked?.runtime || RuntimeName.DENO;
}

/** Completes settings with the defaults; see `hearth.v1.ContextSettings`. */
export function completeSettings(asked: ContextSettings | undefined): ContextSettings {
  const settings = asked ?? ContextSettings.create();
  const isSpark = runtimeOf(settings) === RuntimeName.SPARK;
  const memoryBytes = settings.memoryBytes || (isSpark ? DEFAULT_SPARK_MEMORY_BYTES : DEFAULT_MEMORY_BYTES);
  return {
    ...settings,
    maxJobsPerContext: settings.maxJobsPerContext || 8,
    maxQueuedJobs: settings.maxQueuedJobs ?? 1000,
    jobsPerExecutor: settings.jobsPerExecutor || 1,
    memoryBytes,
    namedObjectsBytes: settings.namedObjectsBytes || Math.floor(memoryBytes / 4),
  };
}
