import {
  apply,
  bufferLength,
  bufferOf,
  byteLengthOf,
  byteOffsetOf,
  contains,
  create,
  defineProperty,
  getPrototypeOf,
  isArray,
  isSafeInteger,
  isView,
  keys,
  mapForEach,
  NativeArrayBuffer,
  NativeDataView,
  NativeMap,
  NativePromise,
  NativeSet,
  NativeSharedArrayBuffer,
  NativeTypeError,
  NativeUint8Array,
  NativeUint8ClampedArray,
  numberOf,
  objectPrototype,
  push,
  setBytes,
  setForEach,
  sharedLength,
  stringify,
  textOf,
  toBase64,
  viewBuffer,
  viewLength,
  viewOffset,
} from "./primordials.ts";

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
  if (isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isPlain(value[index], depth + 1)) return false;
    return true;
  }
  const prototype = getPrototypeOf(value);
  if ((prototype !== objectPrototype && prototype !== null) || "toJSON" in value) return false;
  for (const key in value) if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  return true;
}

function representable(value: unknown, path: string, parents: readonly object[]): unknown {
  switch (typeof value) {
    case "bigint":
      return isSafeInteger(numberOf(value)) ? numberOf(value) : textOf(value);
    case "function":
    case "symbol":
      throw new NativeTypeError(`Cannot represent the result as JSON: ${path} is a ${typeof value}`);
    case "object":
      return value === null ? null : representableObject(value, path, parents);
    default:
      return value;
  }
}

function representableObject(value: object, path: string, parents: readonly object[]): unknown {
  if (contains(parents, value)) {
    throw new NativeTypeError(`Cannot represent the result as JSON: ${path} contains itself`);
  }
  const inside: object[] = [];
  for (let index = 0; index < parents.length; index++) push(inside, parents[index] as object);
  push(inside, value);

  if (value instanceof NativePromise) {
    throw new NativeTypeError(`Cannot represent the result as JSON: ${path} is a promise that was not awaited`);
  }
  const bytes = bytesOf(value);
  if (bytes !== undefined) return toBase64(bytes);
  if (isView(value) || isArray(value)) return representableItems(value as ArrayLike<unknown>, path, inside);
  if (value instanceof NativeSet) {
    const items: unknown[] = [];
    setForEach(value, (item) => push(items, item));
    return representableItems(items, path, inside);
  }
  if (value instanceof NativeMap) return representableMap(value, path, inside);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return representable(apply(value.toJSON, value, []), path, inside);
  }
  const object = emptyObject();
  const names = keys(value);
  for (let index = 0; index < names.length; index++) {
    const key = names[index] as string;
    setField(object, key, representable((value as Record<string, unknown>)[key], `${path}.${key}`, inside));
  }
  return object;
}

function representableItems(items: ArrayLike<unknown>, path: string, inside: readonly object[]): unknown[] {
  const copy: unknown[] = [];
  for (let index = 0; index < items.length; index++) {
    push(copy, representable(items[index], `${path}[${index}]`, inside));
  }
  return copy;
}

function representableMap(map: ReadonlyMap<unknown, unknown>, path: string, inside: readonly object[]): unknown {
  const pairs: [unknown, unknown][] = [];
  let isObject = true;
  mapForEach(map, (value, key) => {
    isObject = isObject && isSimpleKey(key);
    push(pairs, [key, value]);
  });
  if (!isObject) return representableItems(pairs, path, inside);
  const object = emptyObject();
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index] as [unknown, unknown];
    const key = textOf(pair[0]);
    setField(object, key, representable(pair[1], `${path}.${key}`, inside));
  }
  return object;
}

/** Without a prototype, so that a key such as `__proto__` is a field as any other. */
function emptyObject(): Record<string, unknown> {
  return create(null);
}

function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Undefined for what is no bytes; a typed array of larger numbers is none. */
export function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof NativeArrayBuffer) return new NativeUint8Array(value, 0, bufferLength(value));
  if (value instanceof NativeSharedArrayBuffer) {
    const copy = new NativeUint8Array(sharedLength(value));
    setBytes(copy, new NativeUint8Array(value), 0);
    return copy;
  }
  if (value instanceof NativeUint8Array || value instanceof NativeUint8ClampedArray) {
    return new NativeUint8Array(bufferOf(value), byteOffsetOf(value), byteLengthOf(value));
  }
  if (value instanceof NativeDataView) {
    return new NativeUint8Array(viewBuffer(value), viewOffset(value), viewLength(value));
  }
  return undefined;
}

function isSimpleKey(key: unknown): boolean {
  return typeof key === "string" || typeof key === "number" || typeof key === "bigint" || typeof key === "boolean";
}
