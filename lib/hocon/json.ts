export type JsonScalar = string | number | boolean | null;
export type JsonValue = JsonScalar | JsonValue[] | JsonObject;

/** Has no prototype, so that `__proto__` and the like are ordinary keys. */
export interface JsonObject {
  [key: string]: JsonValue;
}

export function createObject(entries: Iterable<readonly [string, JsonValue]> = []): JsonObject {
  const object: JsonObject = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return object;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of keys; undefined if there is none. */
export function valueAt(object: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** Merges `value` over `fallback`: objects merge key by key; any other value replaces the fallback. */
export function withFallback(value: JsonObject, fallback: JsonObject): JsonObject {
  const merged = createObject(Object.entries(fallback));
  for (const [key, own] of Object.entries(value)) {
    const other = merged[key];
    merged[key] = isObject(own) && isObject(other) ? withFallback(own, other) : own;
  }
  return merged;
}
