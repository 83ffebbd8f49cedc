import type { DescMessage } from "@bufbuild/protobuf";

/** Number of values of a field of a message in protobuf's binary encoding. */
interface FieldCost {
  readonly values: number;
  /** Cost of the message in the field. */
  readonly inner: MessageCost | undefined;
  /** Whether one record may hold several numbers. */
  readonly isPacked: boolean;
}

interface MessageCost {
  readonly fields: ReadonlyMap<number, FieldCost>;
  /** Number of fields that count as part of the message itself. */
  readonly free: number;
}

const UNKNOWN: FieldCost = { values: 1, inner: undefined, isPacked: false };

const costs = new WeakMap<DescMessage, MessageCost>();

/** Maximum nesting; the decoder rejects deeper messages. */
const DEEPEST = 100;

/**
 * Counts the values in a binary protobuf message as `JsonCounter` counts them in its JSON form: one for each list entry, two for each entry
 * of a map or Struct, one for any other field, known or unknown. Stops beyond `limit`.
 */
export function countMessage(desc: DescMessage, bytes: Uint8Array, limit: number): number {
  return countFields(costOf(desc), new WireReader(bytes), { limit, depth: 0 });
}

function costOf(desc: DescMessage): MessageCost {
  const known = costs.get(desc);
  if (known !== undefined) return known;
  const fields = new Map<number, FieldCost>();
  const cost = { fields, free: desc.typeName === "google.protobuf.Value" ? 1 : 0 };
  // Set before its fields: messages may be recursive.
  costs.set(desc, cost);
  for (const field of desc.fields) {
    const inner = field.message && costOf(field.message);
    const isPacked = field.fieldKind === "list" && field.listKind !== "message";
    if (field.fieldKind !== "map") fields.set(field.number, { values: 1, inner, isPacked });
    else {
      const entry = { fields: new Map([[2, { values: 1, inner, isPacked: false }]]), free: 2 };
      fields.set(field.number, { values: 2, inner: entry, isPacked: false });
    }
  }
  return cost;
}

function countFields(
  { fields, free }: MessageCost,
  reader: WireReader,
  { limit, depth }: { limit: number; depth: number },
): number {
  let count = -free;
  while (reader.hasMore && count <= limit) {
    const tag = reader.varint();
    const { values, inner, isPacked } = fields.get(tag >>> 3) ?? UNKNOWN;
    count += values;
    const content = reader.skip(tag & 7);
    if (content === undefined) continue;
    if (isPacked) count += Math.max(0, numbersIn(content) - 1);
    else if (inner !== undefined && depth < DEEPEST) {
      count += countFields(inner, new WireReader(content), { limit: limit - Math.max(0, count), depth: depth + 1 });
    }
  }
  return Math.max(0, count);
}

/** Upper bound of the packed numbers: counts varints; fixed-width numbers cannot be more than these bytes. */
function numbersIn(content: Uint8Array): number {
  let count = 0;
  for (const byte of content) if (byte < 0x80) count += 1;
  return count;
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) as far as it is well-formed, and ignores the rest. */
class WireReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#position < this.#bytes.length;
  }

  /** The lower 32 bits of a varint. */
  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#position++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** Skips a field; returns the bytes of a length-delimited one. */
  skip(wireType: number): Uint8Array | undefined {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#position += 8;
    else if (wireType === FIXED32) this.#position += 4;
    else if (wireType === DELIMITED) {
      const length = this.varint();
      const start = this.#position;
      this.#position += length;
      return this.#bytes.subarray(start, this.#position);
    }
    return undefined;
  }
}
