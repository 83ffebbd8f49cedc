/**
 * HOCON, as spark-jobserver's clients send it: parsed from untrusted text, merged and rendered. Reads only the text: no file, no URL, no
 * environment. Imports nothing.
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

/** Maximum length of a text, in characters, so that parsing does not block the event loop noticeably. Larger configs belong in data files. */
const MAX_LENGTH = 1024 * 1024;

export interface HoconOptions {
  /** Values for substitutions that the text itself does not define. They are not part of the result. */
  readonly fallback?: JsonObject | undefined;
}

/**
 * Parses HOCON, a superset of JSON, and resolves its substitutions. Dotted keys become nested objects; objects have no prototype. Throws
 * HoconError, also for a text that is too long, nested too deeply or grows too large by substitution.
 */
export function parseHocon(text: string, { fallback = createObject() }: HoconOptions = {}): JsonObject {
  if (text.length > MAX_LENGTH) throw new HoconError(1, `The config is longer than ${MAX_LENGTH} characters`);
  return resolveSyntax(parseSyntax(text), fallback);
}
