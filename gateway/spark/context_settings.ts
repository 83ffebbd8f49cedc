import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type JsonObject, withFallback } from "../../lib/hocon/mod.ts";
import { type Binary, type ContextSettings, Runtime } from "../../proto/mod.ts";
import type { Authorization } from "../access/mod.ts";
import { FACTORY, proxyUsersOf, withoutProxyUser } from "../contexts/mod.ts";
import type { Core } from "../core.ts";
import type { SparkDeps } from "./deps.ts";
import { readPages } from "./pages.ts";
import { parseContextSettings } from "./settings.ts";

/** Names by which settings choose a runtime. */
const RUNTIME_NAMES: readonly string[] = [FACTORY, "runtime"];

interface Known {
  /** Runtime of the context, or the one that its job needs. Undefined where the settings decide. */
  readonly runtime: Runtime | undefined;
}

/** Merges the settings of a caller with those that the configuration gives every context. The latter choose no runtime where it is known. */
export function completeAsked(
  { config, core }: Pick<SparkDeps, "config" | "core">,
  asked: JsonObject,
  { runtime }: Known,
): ContextSettings {
  const isDecided = runtime !== undefined || RUNTIME_NAMES.some((name) => asked[name] !== undefined);
  const dropped = runtime === Runtime.SPARK ? ["runtime"] : RUNTIME_NAMES;
  const given = isDecided ? without(config.contextSettings, dropped) : config.contextSettings;
  // Otherwise the configured name would remain beside the caller's when they are spelled differently.
  const others = proxyUsersOf(asked).length === 0 ? given : withoutProxyUser(given);
  return parseContextSettings(withFallback(asked, others), runtime ?? core.defaultRuntime);
}

/** Runtime of a context that is created by name. Undefined where its settings name one. */
export async function runtimeOfNew(
  { config, core, authorization }: Pick<SparkDeps, "config" | "core" | "authorization">,
  asked: JsonObject,
): Promise<Runtime | undefined> {
  const settings = withFallback(asked, config.contextSettings);
  if (RUNTIME_NAMES.some((name) => settings[name] !== undefined)) return undefined;
  return config.defaultRuntime ?? (await lastUploadedRuntime(core, authorization));
}

/** Runtime of the newest program that the caller may see. Undefined while there is none. */
async function lastUploadedRuntime(
  { dao }: Pick<Core, "dao">,
  authorization: Authorization,
): Promise<Runtime | undefined> {
  let last: Binary | undefined;
  for await (const binary of readPages((limit, before?: Binary) => dao.binaries.list({ limit, after: before?.name }))) {
    if (!authorization.covers({ binary: binary.name })) continue;
    if (last === undefined || uploadedAt(binary) > uploadedAt(last)) last = binary;
  }
  return last && (last.runtime || Runtime.DENO);
}

function uploadedAt({ createTime }: Binary): number {
  return createTime === undefined ? 0 : timestampMs(createTime);
}

function without(settings: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}
