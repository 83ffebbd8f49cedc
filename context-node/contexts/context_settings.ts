import { CONTEXT_DEFAULTS } from "../../cluster/mod.ts";
import { ContextSettings, RuntimeName } from "../../proto/node.ts";

/** Runtime of a context with these settings. */
export function runtimeOf(asked: Pick<ContextSettings, "runtime"> | undefined): RuntimeName {
  return asked?.runtime || RuntimeName.DENO;
}

/** Completes settings with the defaults; see `hearth.v1.ContextSettings`. */
export function completeSettings(asked: ContextSettings | undefined): ContextSettings {
  const settings = asked ?? ContextSettings.create();
  const isSpark = runtimeOf(settings) === RuntimeName.SPARK;
  const memoryBytes = settings.memoryBytes || CONTEXT_DEFAULTS[isSpark ? "sparkMemoryBytes" : "memoryBytes"];
  return {
    ...settings,
    maxJobsPerContext: settings.maxJobsPerContext || CONTEXT_DEFAULTS.maxJobsPerContext,
    maxQueuedJobs: settings.maxQueuedJobs ?? CONTEXT_DEFAULTS.maxQueuedJobs,
    jobsPerExecutor: settings.jobsPerExecutor || CONTEXT_DEFAULTS.jobsPerExecutor,
    memoryBytes,
    namedObjectsBytes: settings.namedObjectsBytes || Math.floor(memoryBytes / CONTEXT_DEFAULTS.namedObjectsDivisor),
  };
}
