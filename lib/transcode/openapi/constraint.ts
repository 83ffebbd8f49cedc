import type { DescEnum, DescMessage, JsonObject, JsonValue, ScalarType } from "@bufbuild/protobuf";

/** The type of a field, of its items, or of the keys or values of its map. */
export interface ValueType {
  readonly scalar?: ScalarType | undefined;
  readonly enum?: DescEnum | undefined;
  readonly message?: DescMessage | undefined;
}

/** Additions to the schema of a type by the rules of a field, or of one item of it. */
export interface Constraints {
  readonly keywords: JsonObject;
  /** Descriptions of what keywords cannot express. */
  readonly words: readonly string[];
}

/** Allowed and forbidden values. */
export function listed(
  allowed: readonly JsonValue[] | undefined,
  refused: readonly JsonValue[] | undefined,
): JsonObject {
  return {
    ...(allowed !== undefined && { enum: [...allowed] }),
    ...(refused !== undefined && { not: { enum: [...refused] } }),
  };
}
