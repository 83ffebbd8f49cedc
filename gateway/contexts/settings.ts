import { create, toBinary } from "@bufbuild/protobuf";
import { CONTEXT_DEFAULTS } from "../../cluster/mod.ts";
import { nestedTooDeep, requestInvalid } from "../../proto/errors.ts";
import { type ContextSettings, ContextSettingsSchema, nestsDeeper, Runtime } from "../../proto/mod.ts";

const MIB = 1024 * 1024;

/** Largest settings of a context in protobuf's encoding, in bytes. Lists of contexts contain them, also of ended ones. */
const LARGEST_BYTES = 64 * 1024;

const DEFAULT_MEMORY_BYTES = {
  [Runtime.RUNTIME_UNSPECIFIED]: CONTEXT_DEFAULTS.memoryBytes,
  [Runtime.DENO]: CONTEXT_DEFAULTS.memoryBytes,
  [Runtime.SPARK]: CONTEXT_DEFAULTS.sparkMemoryBytes,
} as const satisfies Record<Runtime, number>;
const LEAST_SPARK_BYTES = 512 * MIB;

/**
 * Completes settings with the defaults. Throws when they are too large, the free ones nest too deep, or a Spark context has too little
 * memory.
 */
export function completeSettings(asked: ContextSettings | undefined, defaultRuntime: Runtime): ContextSettings {
  const settings = asked ?? create(ContextSettingsSchema);
  if (nestsDeeper(settings.settings)) throw nestedTooDeep("settings");
  const sizeBytes = toBinary(ContextSettingsSchema, settings).length;
  if (sizeBytes > LARGEST_BYTES) {
    throw requestInvalid(
      `settings: must have at most ${LARGEST_BYTES} bytes, got ${sizeBytes}; put data into data files`,
    );
  }
  const runtime = settings.runtime || defaultRuntime;
  const memoryBytes = settings.memoryBytes || BigInt(DEFAULT_MEMORY_BYTES[runtime]);
  if (runtime === Runtime.SPARK && memoryBytes < LEAST_SPARK_BYTES) {
    throw requestInvalid(
      `settings.memory_bytes: must be at least ${LEAST_SPARK_BYTES} for a Spark context, whose driver it is for, got ${memoryBytes}`,
    );
  }
  return {
    ...settings,
    runtime,
    maxJobsPerContext: settings.maxJobsPerContext || CONTEXT_DEFAULTS.maxJobsPerContext,
    maxQueuedJobs: settings.maxQueuedJobs ?? CONTEXT_DEFAULTS.maxQueuedJobs,
    jobsPerExecutor: settings.jobsPerExecutor || CONTEXT_DEFAULTS.jobsPerExecutor,
    memoryBytes,
    namedObjectsBytes: settings.namedObjectsBytes || memoryBytes / BigInt(CONTEXT_DEFAULTS.namedObjectsDivisor),
  };
}
