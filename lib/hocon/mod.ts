/**
 * HOCON, as spark-jobserver's clients send it: parsed from untrusted text, merged and rendered. Reads the text and nothing
 * else: no file, no URL, no environment. Imports nothing.
 */
import { HoconError } from "./hocon_error.ts";
import { createObject, type JsonObject } from "./json.ts";
import { parseSyntax } from "./parse.ts";
import { resolveSyntax } from "./resolve.ts";

export { HoconError } from "./hocon_error.ts";
export {
  createObject,
  isObject,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  valueAt,
  withFallback,
} from "./json.ts";
export { renderConfig } from "./render.ts";
export { parseDurationMs, parseSizeBytes } from "./units.ts";

/** Characters of a text: what the event loop can parse without others noticing. Larger things are data files. */
const MAX_LENGTH = 1024 * 1024;

export interface HoconOptions {
  /** Where substitutions look for what the text itself does not say. Does not become part of the result. */
  readonly fallback?: JsonObject | undefined;
}

/**
 * Parses HOCON, of which JSON is a part, and resolves its substitutions. Dotted keys become nested objects; objects have no
 * prototype. Throws HoconError, also for a text that is too long, nested too deep or grows too large by substitution.
 */
export function parseHocon(text: string, { fallback = createObject() }: HoconOptions = {}): JsonObject {
  if (text.length > MAX_LENGTH) throw new HoconError(1, `The config is longer than ${MAX_LENGTH} characters`);
  return resolveSyntax(parseSyntax(text), fallback);
}
