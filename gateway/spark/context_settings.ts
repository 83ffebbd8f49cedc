import { type ContextSettings, Runtime } from "../../proto/mod.ts";
import { FACTORY } from "../contexts/mod.ts";
import type { SparkDeps } from "./deps.ts";
import { type JsonObject, withFallback } from "./hocon/mod.ts";
import { parseContextSettings } from "./settings.ts";

/** What settings name a runtime by. */
const RUNTIME_NAMES: readonly string[] = [FACTORY, "runtime"];

interface Known {
  /** That the context has, or that its job needs; undefined where the settings decide. */
  readonly runtime: Runtime | undefined;
}

/** What a caller asks of a context, with what the configuration gives every context. That names no runtime for one whose runtime is known. */
export function completeAsked(
  { config, core }: Pick<SparkDeps, "config" | "core">,
  asked: JsonObject,
  { runtime }: Known,
): ContextSettings {
  const isDecided = runtime !== undefined || RUNTIME_NAMES.some((name) => asked[name] !== undefined);
  const dropped = runtime === Runtime.SPARK ? ["runtime"] : RUNTIME_NAMES;
  const given = isDecided ? without(config.contextSettings, dropped) : config.contextSettings;
  return parseContextSettings(withFallback(asked, given), runtime ?? core.defaultRuntime);
}

function without(settings: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}
