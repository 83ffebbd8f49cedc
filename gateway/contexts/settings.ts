import { create } from "@bufbuild/protobuf";
import { nestedTooDeep } from "../../proto/errors.ts";
import { type ContextSettings, ContextSettingsSchema, nestsDeeper } from "../../proto/mod.ts";

const MIB = 1024 * 1024;

/** The settings with the server's defaults where the caller said nothing. Throws when they nest too deep. */
export function completeSettings(asked: ContextSettings | undefined): ContextSettings {
  const settings = asked ?? create(ContextSettingsSchema);
  if (nestsDeeper(settings.settings)) throw nestedTooDeep("settings");
  const memoryBytes = settings.memoryBytes || BigInt(512 * MIB);
  return {
    ...settings,
    maxJobsPerContext: settings.maxJobsPerContext || 8,
    maxQueuedJobs: settings.maxQueuedJobs ?? 1000,
    jobsPerExecutor: settings.jobsPerExecutor || 1,
    memoryBytes,
    namedObjectsBytes: settings.namedObjectsBytes || memoryBytes / 4n,
  };
}
