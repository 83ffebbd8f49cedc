/**
 * How deep JSON may nest that travels in messages. In protobuf's encoding each level is two messages in each other, and the
 * libraries of most languages read 100 at most: what is deeper could be written, and not be read.
 */
export const MAX_NESTING = 40;

/** Whether JSON nests deeper than so many levels: a number has none, `{}` has one, `[{}]` has two. */
export function nestsDeeper(json: unknown, levels = MAX_NESTING): boolean {
  if (typeof json !== "object" || json === null) return false;
  return levels === 0 || Object.values(json).some((each) => nestsDeeper(each, levels - 1));
}

/** Whether JSON has a number beyond those of a double: `JSON.parse` makes infinity of `1e400`, which `google.protobuf.Value` cannot say. */
export function hasInfinity(json: unknown): boolean {
  if (typeof json === "number") return !Number.isFinite(json);
  return typeof json === "object" && json !== null && Object.values(json).some(hasInfinity);
}
