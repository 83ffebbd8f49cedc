import { createValidator } from "@bufbuild/protovalidate";
import { type JsonObject, type JsonValue, withFallback } from "../../lib/hocon/mod.ts";
import { ContextSettingsSchema, Runtime } from "../../proto/mod.ts";
import type { Predefined } from "../contexts/mod.ts";
import { brokenRules } from "../rpc/mod.ts";
import type { SparkConfig } from "./deps.ts";
import { expandPaths } from "./paths.ts";
import { parseContextSettings, SettingError } from "./settings.ts";

type JsonRecord = Readonly<Record<string, JsonValue>>;

interface Configured {
  readonly defaultRuntime: Runtime | undefined;
  readonly contexts: Readonly<Record<string, JsonRecord>>;
  readonly contextSettings: JsonRecord;
  readonly jobConfig: JsonRecord;
  readonly spark: Omit<SparkConfig, "contextSettings" | "defaultRuntime">;
}

interface ParsedConfig extends SparkConfig {
  readonly predefined: Predefined;
  readonly jobConfig: JsonObject;
}

/** Reads the configuration of this API, of predefined contexts and of all jobs. Throws a SettingError that `settingProblems` would return. */
export function parseSparkConfig(configured: Configured): ParsedConfig {
  const { defaultRuntime } = configured;
  const contextSettings = expand(configured.contextSettings);
  const predefined = Object.entries(configured.contexts).map(
    ([name, settings]) =>
      [
        name,
        parseContextSettings(withFallback(expand(settings), contextSettings), defaultRuntime ?? Runtime.DENO),
      ] as const,
  );
  const jobConfig = expand(configured.jobConfig);
  return { ...configured.spark, contextSettings, defaultRuntime, jobConfig, predefined: new Map(predefined) };
}

/** Returns every problem with the settings of contexts. */
export function settingProblems(settings: JsonRecord): string[] {
  const problems = Object.entries(settings).flatMap((entry) => {
    try {
      parseContextSettings(expandPaths([entry]), Runtime.DENO);
      return [];
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      return [error.message];
    }
  });
  if (problems.length > 0) return problems;
  return brokenRules(createValidator(), ContextSettingsSchema, parseContextSettings(expand(settings), Runtime.DENO));
}

function expand(record: JsonRecord): JsonObject {
  return expandPaths(Object.entries(record));
}
