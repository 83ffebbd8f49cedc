import { create, type JsonObject, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { SPARK_SETTINGS } from "../../cluster/mod.ts";
import { type ContextSettings, ContextSettingsSchema } from "../../proto/mod.ts";
import { ContextSettings as NodeContextSettings } from "../../proto/node.ts";
import { completeSettings } from "./settings.ts";

/**
 * Names of each setting for clients of spark-jobserver and for Spark. Dots nest. The first given one counts: Spark's own names override
 * spark-jobserver's.
 */
export const SETTING_NAMES = {
  cpuCores: [SPARK_SETTINGS.maxCores, SPARK_SETTINGS.cores],
  memoryBytes: [SPARK_SETTINGS.executorMemory, ...SPARK_SETTINGS.memoryPerNode],
  namedObjectsBytes: ["named-objects-memory"],
  maxJobsPerContext: ["max-jobs-per-context", "spark.jobserver.max-jobs-per-context"],
  maxQueuedJobs: ["max-queued-jobs"],
  jobsPerExecutor: ["jobs-per-executor"],
  stopOnJobError: ["stop-context-on-job-error"],
  idleTimeout: ["idle-timeout"],
  maxAge: ["max-age"],
  maxJobs: ["max-jobs"],
  permissions: ["permissions.net", "permissions.secrets"],
  env: ["env"],
  nodeLabels: ["node-labels"],
  runtime: ["runtime"],
} as const satisfies Readonly<Partial<Record<keyof ContextSettings, readonly string[]>>>;

/** Jobs see `env` as their environment. Its values may refer to secrets. */
const HIDDEN: ReadonlySet<string> = new Set(["settings", "env"]);

/** Settings for a node. Jobs see the free ones. */
export function settingsForNode(settings: ContextSettings): NodeContextSettings {
  const shown = { ...settings, settings: shownSettings(settings) };
  return NodeContextSettings.decode(toBinary(ContextSettingsSchema, shown));
}

/**
 * `context.settings` for jobs: the free settings (through spark-jobserver's API, all that the creator gave), and the others by their JSON
 * names unless they have their default or are among the free ones under another name.
 */
export function shownSettings(settings: ContextSettings): JsonObject {
  const free = settings.settings ?? {};
  const { memoryBytes, runtime } = settings;
  const usual = toJson(
    ContextSettingsSchema,
    completeSettings(create(ContextSettingsSchema, { memoryBytes }), runtime),
  );
  const usualMemory = String(completeSettings(undefined, runtime).memoryBytes);
  const defaults: JsonObject = { ...(usual as JsonObject), memoryBytes: usualMemory };
  const given = Object.entries(toJson(ContextSettingsSchema, settings) as JsonObject).filter(
    ([name, value]) => !HIDDEN.has(name) && value !== defaults[name] && !isAmong(free, name),
  );
  return { ...Object.fromEntries(given), ...free };
}

/** Whether a setting is among the free ones under any of its names. */
function isAmong(free: JsonObject, name: string): boolean {
  const names: Readonly<Record<string, readonly string[]>> = SETTING_NAMES;
  return (names[name] ?? []).some((path) => hasPath(free, path.split(".")));
}

function hasPath(value: JsonValue | undefined, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return value !== undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.hasOwn(value, key) && hasPath(value[key], rest);
}
