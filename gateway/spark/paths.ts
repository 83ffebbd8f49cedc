import { createObject, isObject, type JsonObject, type JsonValue, withFallback } from "../../lib/hocon/mod.ts";

/** Nests objects at the dots of the keys: `{"spark.cores.max": 4}` becomes `{"spark": {"cores": {"max": 4}}}`. Later keys win. */
export function expandPaths(entries: Iterable<readonly [string, JsonValue]>): JsonObject {
  let tree = createObject();
  for (const [key, value] of entries) {
    const nested = key.split(".").reduceRight<JsonValue>((inner, name) => createObject([[name, inner]]), value);
    if (isObject(nested)) tree = withFallback(nested, tree);
  }
  return tree;
}
