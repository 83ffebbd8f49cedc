/** Largest overhead of a field besides its text or bytes: tags and lengths of the field, its map entry and its Value; or a number. */
const FIELD_BYTES = 24;

/**
 * An upper bound of the size of a message, or of a field of one, in protobuf's encoding. Costs a fraction of encoding the message. Of
 * `google.protobuf.Struct` it takes the JSON that protobuf-es has in its place.
 */
export function sizeAtMost(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return FIELD_BYTES + Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return FIELD_BYTES;
  if (value instanceof Uint8Array) return FIELD_BYTES + value.length;
  let size = FIELD_BYTES;
  if (Array.isArray(value)) {
    for (const entry of value) size += sizeAtMost(entry);
    return size;
  }
  // The fields of a message are encoded as numbers, the keys of a map as texts.
  const isMessage = "$typeName" in value;
  for (const [name, entry] of Object.entries(value)) {
    if (!isMessage) size += Buffer.byteLength(name) + sizeAtMost(entry);
    else if (name !== "$typeName") size += sizeAtMost(entry);
  }
  return size;
}
