import { stringify } from "./intrinsics.ts";

/** Deeper values, and cycles, are left to the careful way. */
const DEEPEST_PLAIN = 64;

/**
 * The JSON of a result: as `JSON.stringify` says it where it can, and besides a `Map` with simple keys as an object (others as
 * pairs), a `Set` and a typed array of numbers as an array, a `bigint` as a number when it is a safe one and else as a string, bytes as base64.
 * Undefined for undefined. Throws a TypeError that names the path of what JSON cannot say: a cycle, a function, a symbol, a promise.
 */
export function resultJson(value: unknown, path = "result"): string | undefined {
  return stringify(isPlain(value, 0) ? value : representable(value, path, []));
}

/** Whether `JSON.stringify` says it right, so that the usual result costs one look and no copy. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
    case "undefined":
      return true;
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === DEEPEST_PLAIN) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth + 1)) return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || "toJSON" in value) return false;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

function representable(value: unknown, path: string, parents: readonly object[]): unknown {
  switch (typeof value) {
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "function":
    case "symbol":
      throw new TypeError(`Cannot represent the result as JSON: ${path} is a ${typeof value}`);
    case "object":
      return value === null ? null : representableObject(value, path, parents);
    default:
      return value;
  }
}

function representableObject(value: object, path: string, parents: readonly object[]): unknown {
  if (parents.includes(value)) throw new TypeError(`Cannot represent the result as JSON: ${path} contains itself`);
  const inside = [...parents, value];
  const item = (child: unknown, index: number) => representable(child, `${path}[${index}]`, inside);

  if (value instanceof Promise) {
    throw new TypeError(`Cannot represent the result as JSON: ${path} is a promise that was not awaited`);
  }
  const bytes = bytesOf(value);
  if (bytes !== undefined) return bytes.toBase64();
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array | BigInt64Array, item);
  if (Array.isArray(value)) return Array.from(value, item);
  if (value instanceof Set) return Array.from(value, item);
  if (value instanceof Map) {
    const entries = [...value];
    if (!entries.every(([key]) => isSimpleKey(key))) return entries.map(item);
    return Object.fromEntries(
      entries.map(([key, child]) => [String(key), representable(child, `${path}.${key}`, inside)]),
    );
  }
  if ("toJSON" in value && typeof value.toJSON === "function") return representable(value.toJSON(), path, inside);
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, representable(child, `${path}.${key}`, inside)]),
  );
}

/** Undefined for what is no bytes; a typed array of larger numbers is none. */
export function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof SharedArrayBuffer) return new Uint8Array(value).slice();
  if (value instanceof Uint8Array || value instanceof Uint8ClampedArray || value instanceof DataView) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return undefined;
}

function isSimpleKey(key: unknown): boolean {
  return typeof key === "string" || typeof key === "number" || typeof key === "bigint" || typeof key === "boolean";
}
