import type { DescField, DescMessage, JsonValue, Message } from "@bufbuild/protobuf";
import type { Duration, Timestamp, Value } from "@bufbuild/protobuf/wkt";

/** A value in a message for which protobuf's JSON has no form, although protobuf's encoding has one. */
export interface Unwritable {
  /** Path by the names of the proto: `job.config.limits[2]`. */
  readonly path: string;
  /** Expected and actual value. */
  readonly why: string;
}

/** Seconds of 0001-01-01T00:00:00Z and of 9999-12-31T23:59:59Z: google/protobuf/timestamp.proto. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** google/protobuf/duration.proto: ten thousand years. */
const MOST_SECONDS = 315_576_000_000n;

const LAST_NANO = 999_999_999;

type Look = (value: unknown) => Unwritable | undefined;

/** Checks the content of one field of a message. */
interface FieldLook {
  readonly field: DescField;
  readonly look: Look;
}

const looks = new WeakMap<DescMessage, readonly FieldLook[]>();

/**
 * Finds the first value in a message that JSON cannot say: a time outside of the years 1 to 9999, a duration of more than ten thousand years,
 * a number of a Struct or Value that is NaN or infinite, a Value without a kind. Such a message can be stored, and not be shown.
 */
export function findUnwritable(desc: DescMessage, message: Message): Unwritable | undefined {
  for (const { field, look } of looksOf(desc)) {
    const value = contentOf(message, field);
    const found = value === undefined ? undefined : look(value);
    if (found !== undefined) return within(field.name, found);
  }
  return undefined;
}

/** Deeper values are refused for their depth (`MAX_NESTING`), and could exhaust the stack of a recursive function. */
const DEEPEST = 200;

/** The first number of a JSON value that is NaN or infinite, as `findUnwritable` reports it. */
export function findNonNumber(json: unknown): Unwritable | undefined {
  return findNumber(json, DEEPEST);
}

function findNumber(json: unknown, levels: number): Unwritable | undefined {
  if (typeof json === "number")
    return Number.isFinite(json) ? undefined : { path: "", why: `must be a number of JSON, got ${json}` };
  if (typeof json !== "object" || json === null || levels === 0) return undefined;
  const isList = Array.isArray(json);
  for (const key of Object.keys(json)) {
    const found = findNumber((json as Readonly<Record<string, JsonValue>>)[key], levels - 1);
    if (found !== undefined) return within(isList ? `[${key}]` : key, found);
  }
  return undefined;
}

function looksOf(desc: DescMessage): readonly FieldLook[] {
  const known = looks.get(desc);
  if (known !== undefined) return known;
  const own: FieldLook[] = [];
  // Before its fields: messages may hold themselves.
  looks.set(desc, own);
  for (const field of desc.fields) {
    const look = field.message && lookAt(field.message);
    if (look !== undefined) own.push({ field, look: eachOf(field, look) });
  }
  return own;
}

/** Undefined where nothing in such a message can be unwritable. */
function lookAt(desc: DescMessage): Look | undefined {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return (value) => findInTimestamp(value as Timestamp);
    case "google.protobuf.Duration":
      return (value) => findInDuration(value as Duration);
    case "google.protobuf.Struct":
      return findNonNumber;
    case "google.protobuf.Value":
      return (value) => findInValue(value as Value);
    default:
      return looksOf(desc).length === 0 && !isCircular(desc)
        ? undefined
        : (value) => findUnwritable(desc, value as Message);
  }
}

/** A message that holds itself, directly or not: what is known of it is not all yet. */
function isCircular(desc: DescMessage, seen: ReadonlySet<DescMessage> = new Set()): boolean {
  if (seen.has(desc)) return true;
  const inner = new Set([...seen, desc]);
  return desc.fields.some((field) => field.message !== undefined && isCircular(field.message, inner));
}

function eachOf({ fieldKind }: DescField, look: Look): Look {
  switch (fieldKind) {
    case "list":
      return (list) => first((list as readonly unknown[]).entries(), look, (index) => `[${index}]`);
    case "map":
      return (map) => first(Object.entries(map as object), look, (key) => `[${JSON.stringify(key)}]`);
    default:
      return look;
  }
}

function first<Key>(
  entries: Iterable<readonly [Key, unknown]>,
  look: Look,
  stepOf: (key: Key) => string,
): Unwritable | undefined {
  for (const [key, value] of entries) {
    const found = look(value);
    if (found !== undefined) return within(stepOf(key), found);
  }
  return undefined;
}

function within(step: string, { path, why }: Unwritable): Unwritable {
  const separator = path === "" || path.startsWith("[") ? "" : ".";
  return { path: step + separator + path, why };
}

function contentOf(message: Message, { oneof, localName }: DescField): unknown {
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  if (oneof === undefined) return fields[localName];
  const chosen = fields[oneof.localName] as { readonly case: string | undefined; readonly value?: unknown };
  return chosen.case === localName ? chosen.value : undefined;
}

function findInTimestamp({ seconds, nanos }: Timestamp): Unwritable | undefined {
  if (seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos <= LAST_NANO) return undefined;
  return { path: "", why: "must be a time from the year 1 to the year 9999" };
}

function findInDuration({ seconds, nanos }: Duration): Unwritable | undefined {
  const isNear = seconds <= MOST_SECONDS && seconds >= -MOST_SECONDS && Math.abs(nanos) <= LAST_NANO;
  if (isNear && !(seconds > 0n && nanos < 0) && !(seconds < 0n && nanos > 0)) return undefined;
  return { path: "", why: `must have at most ${MOST_SECONDS} seconds, and seconds and nanos of one sign` };
}

function findInValue({ kind }: Value): Unwritable | undefined {
  switch (kind.case) {
    case "numberValue":
      return findNonNumber(kind.value);
    case "structValue":
      return first(Object.entries(kind.value.fields), (value) => findInValue(value as Value), String);
    case "listValue":
      return first(
        kind.value.values.entries(),
        (value) => findInValue(value as Value),
        (index) => `[${index}]`,
      );
    case undefined:
      return { path: "", why: "must have a value: null_value for null" };
    default:
      return undefined;
  }
}
