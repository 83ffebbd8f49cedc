/** Settings as texts by their dotted names, as Spark and its users write them. */
export type FlatSettings = ReadonlyMap<string, string>;

/**
 * The free settings of a context, which come as nested objects, under dotted names, or both: `{"spark": {"ui.port": 0}}` is `spark.ui.port`.
 * Throws an Error when one name has two values. Numbers and booleans become texts, lists their entries with commas between; nulls and objects in lists are left out.
 */
export function flattenSettings(
  settings: Readonly<Record<string, unknown>>,
  { context }: { context: string },
): FlatSettings {
  const flat = new Map<string, string>();
  const add = (prefix: string, value: unknown): void => {
    const text = textOf(value);
    const other = flat.get(prefix);
    if (text !== undefined && other !== undefined && other !== text)
      throw new Error(
        `Cannot start Spark context "${context}": its settings give ${prefix} two values, "${other}" and "${text}"; give one`,
      );
    if (text !== undefined) flat.set(prefix, text);
    else if (isObject(value)) for (const [name, each] of Object.entries(value)) add(`${prefix}.${name}`, each);
  };
  for (const [name, value] of Object.entries(settings)) add(name, value);
  return flat;
}

/** The settings whose names begin with the prefix, without it. */
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
