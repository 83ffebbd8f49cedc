import type { DescEnum, DescMessage, JsonObject, JsonValue, ScalarType } from "@bufbuild/protobuf";

/** The type of a field, of its items, or of the keys or values of its map. */
export interface ValueType {
  readonly scalar?: ScalarType | undefined;
  readonly enum?: DescEnum | undefined;
  readonly message?: DescMessage | undefined;
}

/** What the rules of a field, or of one item of it, add to the schema of its type. */
export interface Constraints {
  readonly keywords: JsonObject;
  /** What keywords cannot say, in words. */
  readonly words: readonly string[];
}

/** The values that are allowed, and those that are not. */
export function listed(
  allowed: readonly JsonValue[] | undefined,
  refused: readonly JsonValue[] | undefined,
): JsonObject {
  return {
    ...(allowed !== undefined && { enum: [...allowed] }),
    ...(refused !== undefined && { not: { enum: [...refused] } }),
  };
}
