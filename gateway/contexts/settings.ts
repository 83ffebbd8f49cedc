import { create, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { nestedTooDeep, requestInvalid } from "../../proto/errors.ts";
import { type ContextSettings, ContextSettingsSchema, nestsDeeper } from "../../proto/mod.ts";

const MIB = 1024 * 1024;

/** Size of the settings of a context, in protobuf's encoding: lists of contexts show them, of those that ended too. */
const LARGEST_BYTES = 64 * 1024;

/** The settings with the server's defaults where the caller said nothing. Throws when they are too large, or the free ones are no JSON that can be read back. */
export function completeSettings(asked: ContextSettings | undefined): ContextSettings {
  const settings = asked ?? create(ContextSettingsSchema);
  if (nestsDeeper(settings.settings)) throw nestedTooDeep("settings");
  if (!hasFiniteNumbers(settings.settings ?? {})) {
    throw requestInvalid("settings: the free settings must have no NaN and no infinity, which JSON does not have");
  }
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

/** Whether all numbers in it are such as JSON has; protobuf's encoding of it has others. */
function hasFiniteNumbers(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(hasFiniteNumbers);
}
