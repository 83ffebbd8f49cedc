import { createObject, isObject, type JsonObject, type JsonValue, withFallback } from "./hocon/mod.ts";

/** Objects inside each other by the dots of the keys: `{"spark.cores.max": 4}` is `{"spark": {"cores": {"max": 4}}}`. Later ones win. */
export function expandPaths(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  let tree = createObject();
  for (const [key, value] of entries) {
    const nested = key.split(".").reduceRight<JsonValue>((inner, name) => createObject([[name, inner]]), value);
    if (isObject(nested)) tree = withFallback(nested, tree);
  }
  return tree;
}

/** The tree without what is at these paths, and without objects that are empty for it. */
export function withoutPaths(tree: JsonObject, paths: readonly (readonly string[])[]): JsonObject {
  const kept = Object.entries(tree).flatMap(([key, value]): [string, JsonValue][] => {
    const below = paths.filter(([first]) => first === key).map(([, ...rest]) => rest);
    if (below.some((rest) => rest.length === 0)) return [];
    if (below.length === 0 || !isObject(value)) return [[key, value]];
    const inner = withoutPaths(value, below);
    return Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return createObject(kept);
}
