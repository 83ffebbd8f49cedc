import { create, toBinary } from "@bufbuild/protobuf";
import { nestedTooDeep, requestInvalid } from "../../proto/errors.ts";
import { type ContextSettings, ContextSettingsSchema, nestsDeeper } from "../../proto/mod.ts";

const MIB = 1024 * 1024;

/** Size of the settings of a context, in protobuf's encoding: lists of contexts show them, of those that ended too. */
const LARGEST_BYTES = 64 * 1024;

/** The settings with the server's defaults where the caller said nothing. Throws when they are too large, or the free ones nest too deep. */
export function completeSettings(asked: ContextSettings | undefined): ContextSettings {
  const settings = asked ?? create(ContextSettingsSchema);
  if (nestsDeeper(settings.settings)) throw nestedTooDeep("settings");
  const sizeBytes = toBinary(ContextSettingsSchema, settings).length;
  if (sizeBytes > LARGEST_BYTES) {
    throw requestInvalid(
      `settings: must have at most ${LARGEST_BYTES} bytes, got ${sizeBytes}; put data into data files`,
    );
  }
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
