import { settingEntries } from "../../../cluster/mod.ts";

/** Values of settings as texts, by their dotted names. */
export type FlatSettings = ReadonlyMap<string, string>;

/**
 * Flattens the free settings of a context: nested objects, dotted names, or both. Converts numbers and booleans to texts, and joins the
 * entries of lists with commas; drops nulls, and objects in lists. Throws an Error if one name has two values.
 */
export function flattenSettings(
  settings: Readonly<Record<string, unknown>>,
  { context }: { context: string },
): FlatSettings {
  const flat = new Map<string, string>();
  for (const [name, value] of settingEntries(settings)) {
    const text = textOf(value);
    if (text === undefined) continue;
    const other = flat.get(name);
    if (other !== undefined && other !== text)
      throw new Error(
        `Cannot start Spark context "${context}": its settings give ${name} two values, "${other}" and "${text}"; give one`,
      );
    flat.set(name, text);
  }
  return flat;
}

/** Returns the settings whose names start with the prefix, and removes the prefix from their names. */
export function settingsBelow(settings: FlatSettings, prefix: string): [name: string, value: string][] {
  const below = [...settings].filter(([name]) => name.startsWith(prefix) && name.length > prefix.length);
  return below.map(([name, value]) => [name.slice(prefix.length), value]);
}

function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
      return String(value);
    default:
      return Array.isArray(value) ? value.flatMap((each) => textOf(each) ?? []).join(",") : undefined;
  }
}
