const MEBIBYTE = 1024 * 1024;

/** Values of the settings that a context leaves out; see `hearth.v1.ContextSettings`. */
export const CONTEXT_DEFAULTS = {
  memoryBytes: 512 * MEBIBYTE,
  /** Memory of a Spark context, which is that of its driver: Spark refuses a heap below 450 MiB, and the JVM needs memory beside the heap. */
  sparkMemoryBytes: 1024 * MEBIBYTE,
  maxJobsPerContext: 8,
  maxQueuedJobs: 1000,
  jobsPerExecutor: 1,
  /** Named objects may take the memory of the context divided by this number. */
  namedObjectsDivisor: 4,
} as const;

/** Free settings, by the names of Spark and of spark-jobserver, that both the gateway and a context node read. */
export const SPARK_SETTINGS = {
  contextFactory: "context-factory",
  /** User in whose name a Spark context runs. */
  proxyUser: "spark.proxy.user",
  cores: "num-cpu-cores",
  maxCores: "spark.cores.max",
  executorMemory: "spark.executor.memory",
  memoryPerNode: ["memory-per-node", "mem-per-node"],
  driverMemory: "spark.driver.memory",
} as const;

/**
 * Yields free settings with their dotted names: `{"spark": {"ui.port": 0}}` yields `spark.ui.port`. An object for which `isOpened` returns
 * false is a value, not a group of settings. Two spellings of one name yield it twice.
 */
export function* settingEntries<Value>(
  settings: Readonly<Record<string, Value>>,
  { prefix = "", isOpened = () => true }: { prefix?: string; isOpened?: (name: string) => boolean } = {},
): Generator<[name: string, value: Value]> {
  for (const [key, value] of Object.entries(settings)) {
    const name = prefix + key;
    if (isGroup(value) && isOpened(name)) yield* settingEntries(value, { prefix: `${name}.`, isOpened });
    else yield [name, value];
  }
}

function isGroup<Value>(value: Value): value is Value & Readonly<Record<string, Value>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
