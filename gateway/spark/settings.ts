import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { SPARK_SETTINGS } from "../../cluster/mod.ts";
import {
  createObject,
  isObject,
  type JsonObject,
  type JsonValue,
  parseDurationMs,
  parseSizeBytes,
  valueAt,
} from "../../lib/hocon/mod.ts";
import { type ContextSettings, ContextSettingsSchema, PermissionsSchema, Runtime } from "../../proto/mod.ts";
import { FACTORY, findFactory, SETTING_NAMES } from "../contexts/mod.ts";

const MIB = 1024 * 1024;

/** Names of settings for clients of spark-jobserver. The memory of a Spark context is the driver's; its executors have settings of their own. */
const { permissions, ...ONE_FOR_EACH } = SETTING_NAMES;
const NAMES = {
  ...ONE_FOR_EACH,
  net: [permissions[0]],
  secrets: [permissions[1]],
  launchedMemory: [`launcher.${SPARK_SETTINGS.driverMemory}`],
  driverMemory: [SPARK_SETTINGS.driverMemory],
};

type Setting = keyof typeof NAMES;

/** A setting has an invalid value. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/**
 * Parses settings by their names for clients of spark-jobserver. All but `env` are free settings too: jobs see them as given, and a node
 * takes Spark's own from them. The runtime is the named one, else that of the factory, else the default. Throws SettingError.
 */
export function parseContextSettings(tree: JsonObject, defaultRuntime: Runtime): ContextSettings {
  const read = <Value>(setting: Setting, parse: (value: JsonValue) => Value | undefined, kind: string) =>
    readSetting(tree, setting, { parse, kind });
  const net = read("net", parseTexts, "a list of texts");
  const secrets = read("secrets", parseTexts, "a list of texts");
  const runtime = read("runtime", parseRuntime, "DENO or SPARK");
  const factoryRuntime = runtimeOfFactory(tree[FACTORY], runtime);
  return create(ContextSettingsSchema, {
    ...readResources(tree, runtime ?? factoryRuntime ?? defaultRuntime),
    namedObjectsBytes: BigInt(read("namedObjectsBytes", parseMemory, "a size such as 512m") ?? 0),
    maxJobsPerContext: read("maxJobsPerContext", parseCount, "a whole number") ?? 0,
    maxQueuedJobs: read("maxQueuedJobs", parseCount, "a whole number"),
    jobsPerExecutor: read("jobsPerExecutor", parseCount, "a whole number") ?? 0,
    stopOnJobError: read("stopOnJobError", parseFlag, "true or false") ?? false,
    idleTimeout: read("idleTimeout", parseDuration, "a duration such as 10m"),
    maxAge: read("maxAge", parseDuration, "a duration such as 10m"),
    maxJobs: read("maxJobs", parseCount, "a whole number") ?? 0,
    permissions: (net ?? secrets) && create(PermissionsSchema, { net: net ?? [], secrets: secrets ?? [] }),
    env: read("env", parseTextsByName, "an object of texts") ?? {},
    nodeLabels: read("nodeLabels", parseTextsByName, "an object of texts") ?? {},
    settings: createObject(Object.entries(tree).filter(([name]) => name !== "env")),
  });
}

/** Resources of the node that a context takes. For a Spark context these are the driver's; cores and memory "per node" are for Spark. */
function readResources(tree: JsonObject, runtime: Runtime) {
  const read = <Value>(setting: Setting, parse: (value: JsonValue) => Value | undefined, kind: string) =>
    readSetting(tree, setting, { parse, kind });
  const cpuCores = read("cpuCores", parseNumber, "a number") ?? 0;
  const memory = read("memoryBytes", parseMemory, "a size such as 512m") ?? 0;
  const launched = read("launchedMemory", parseLaunchedMemory, "a number with k, m, g or t, such as 512m");
  const driver = launched ?? read("driverMemory", parseMemory, "a size such as 512m") ?? 0;
  const isSpark = runtime === Runtime.SPARK;
  return { runtime, cpuCores: isSpark ? 0 : cpuCores, memoryBytes: BigInt(isSpark ? driver : memory) };
}

/** Runtime of the named factory: all known factories create Spark contexts. Undefined where none is named. */
function runtimeOfFactory(className: JsonValue | undefined, asked: Runtime | undefined): Runtime | undefined {
  if (className === undefined || className === null) return undefined;
  if (typeof className !== "string") throw new SettingError(`${FACTORY} must be the name of a class`);
  const factory = findFactory(className);
  if ("problem" in factory) throw new SettingError(`${FACTORY}: ${factory.problem}`);
  if (asked === Runtime.DENO) throw new SettingError(`${FACTORY} makes a Spark context, but runtime is DENO`);
  return Runtime.SPARK;
}

interface Reading<Value> {
  readonly parse: (value: JsonValue) => Value | undefined;
  /** The expected form, in words. */
  readonly kind: string;
}

function readSetting<Value>(tree: JsonObject, setting: Setting, { parse, kind }: Reading<Value>): Value | undefined {
  for (const name of NAMES[setting]) {
    const value = valueAt(tree, name.split("."));
    if (value === undefined || value === null) continue;
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    throw new SettingError(`${name} must be ${kind}, but is ${JSON.stringify(value)}`);
  }
  return undefined;
}

function parseNumber(value: JsonValue): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function parseCount(value: JsonValue): number | undefined {
  const number = parseNumber(value);
  return number !== undefined && Number.isInteger(number) && number < 2 ** 32 ? number : undefined;
}

/** A small number without a unit is in MiB, as in Spark. */
function parseMemory(value: JsonValue): number | undefined {
  const number = parseNumber(value);
  if (number !== undefined && Number.isInteger(number) && number < MIB) return number * MIB;
  return parseSizeBytes(value);
}

/** In the form that spark-jobserver accepts. */
function parseLaunchedMemory(value: JsonValue): number | undefined {
  return /^[0-9]+[kmgt]?$/.test(String(value)) ? parseMemory(value) : undefined;
}

function parseRuntime(value: JsonValue): Runtime | undefined {
  const runtimes: Readonly<Record<string, Runtime>> = { DENO: Runtime.DENO, SPARK: Runtime.SPARK };
  return runtimes[String(value).toUpperCase()];
}

function parseFlag(value: JsonValue): boolean | undefined {
  if (typeof value === "boolean") return value;
  const words: Readonly<Record<string, boolean>> = {
    true: true,
    yes: true,
    on: true,
    false: false,
    no: false,
    off: false,
  };
  return typeof value === "string" ? words[value] : undefined;
}

function parseDuration(value: JsonValue) {
  const ms = parseDurationMs(value);
  return ms === undefined ? undefined : durationFromMs(Math.round(ms));
}

/** A list of texts, or one comma-separated text. */
export function parseTexts(value: JsonValue): string[] | undefined {
  if (typeof value === "string")
    return value
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "");
  if (!Array.isArray(value)) return undefined;
  const texts = value.filter((item) => typeof item === "string");
  return texts.length === value.length ? texts : undefined;
}

function parseTextsByName(value: JsonValue): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).map(([name, text]) => [name, isObject(text) ? undefined : String(text)]);
  return entries.every(([, text]) => text !== undefined) ? Object.fromEntries(entries) : undefined;
}
