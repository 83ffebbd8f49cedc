import { findNonNumber } from "./unwritable.ts";

/**
 * Deepest JSON in messages. In protobuf's encoding each level is two nested messages, and libraries of most languages read at most 100:
 * deeper JSON could be written and not read.
 */
export const MAX_NESTING = 40;

/** Whether JSON nests deeper than a number of levels: a number has none, `{}` has one, `[{}]` has two. */
export function nestsDeeper(json: unknown, levels = MAX_NESTING): boolean {
  if (typeof json !== "object" || json === null) return false;
  return levels === 0 || Object.values(json).some((each) => nestsDeeper(each, levels - 1));
}

/** Whether JSON has a number beyond doubles: `JSON.parse` turns `1e400` into infinity, which `google.protobuf.Value` cannot represent. */
export function hasInfinity(json: unknown): boolean {
  return findNonNumber(json) !== undefined;
}

/** Whether a name or text in JSON has half of a surrogate pair, for which UTF-8, and so protobuf's encoding, has no form. */
export function hasLoneSurrogate(json: unknown): boolean {
  if (typeof json === "string") return !json.isWellFormed();
  if (typeof json !== "object" || json === null) return false;
  return Object.entries(json).some(([name, value]) => !name.isWellFormed() || hasLoneSurrogate(value));
}

/** The JSON of what goes into a message: halves of surrogate pairs, which decoders refuse, are U+FFFD as in protobuf's encoding. */
export function wellFormedJson(json: unknown): string {
  const text = JSON.stringify(json);
  // JSON.stringify escapes halves alone, and nothing else with these characters but a backslash before "ud".
  return text.includes("\\ud") ? JSON.stringify(wellFormed(json)) : text;
}

function wellFormed(json: unknown): unknown {
  if (typeof json === "string") return json.toWellFormed();
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(wellFormed);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name.toWellFormed(), wellFormed(value)]));
}
