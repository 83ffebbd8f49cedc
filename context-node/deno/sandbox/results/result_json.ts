import { Buffer } from "node:buffer";
import { types } from "node:util";
import {
  apply,
  bufferLength,
  bufferOf,
  byteLengthOf,
  byteOffsetOf,
  create,
  defineProperty,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  isFiniteNumber,
  isRawJson,
  isSafeInteger,
  isView,
  join,
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
  pop,
  push,
  setAdd,
  setBytes,
  setDelete,
  setForEach,
  setHas,
  sharedLength,
  stringify,
  textOf,
  toBase64,
  uncurry,
  viewBuffer,
  viewLength,
  viewOffset,
} from "../confinement/primordials.ts";

/** Deeper values, and cycles, go to the writer. */
const MAX_PLAIN_DEPTH = 64;

const { isBigIntObject, isBooleanObject, isBoxedPrimitive, isNumberObject, isProxy, isStringObject } = types;
const booleanOf: (boxed: unknown) => boolean = uncurry(Boolean.prototype.valueOf);
const bigIntOf: (boxed: unknown) => bigint = uncurry(BigInt.prototype.valueOf);
const bufferToJson: unknown = Buffer.prototype.toJSON;

interface Naming {
  /** Where the value is, such as `result[3]`. */
  readonly path?: string;
  /** What an error calls the whole. */
  readonly what?: string;
}

/**
 * The JSON of a result: what `JSON.stringify` returns, and besides a `Map` with simple keys as an object (others as pairs), a `Set` and a
 * typed array of numbers as an array, a `bigint` as a number when it is a safe one and else as a string, bytes as base64.
 * Undefined for undefined. Throws a TypeError that names the path of what JSON has no form for: a cycle, a function, a symbol, a promise.
 */
export function resultJson(value: unknown, { path = "result", what = "result" }: Naming = {}): string | undefined {
  return isPlain(value, 0) ? stringify(value) : writeJson(value, { path, what });
}

/** Whether `JSON.stringify` alone is right. Calls no code of the job, and makes no copy, so the usual result costs one look. */
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
  if (depth === MAX_PLAIN_DEPTH || isProxy(value) || "toJSON" in value) return false;
  if (isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isPlain(value[index], depth + 1)) return false;
    return true;
  }
  const prototype = getPrototypeOf(value);
  if (prototype !== objectPrototype && prototype !== null) return false;
  for (const key in value) {
    const property = getOwnPropertyDescriptor(value, key);
    // A getter would run twice, and may return something else the second time.
    if (property === undefined || property.get !== undefined || !isPlain(property.value, depth + 1)) return false;
  }
  return true;
}

/** An object or array that is being written. */
interface Open {
  readonly source: object;
  /** Undefined: an array. */
  readonly names: readonly string[] | undefined;
  /** What the members are read from; another object than the source for a Map, a Set and the like. */
  readonly members: Readonly<Record<string | number, unknown>>;
  readonly length: number;
  next: number;
  isEmpty: boolean;
}

/** Writes a value as ECMAScript's SerializeJSONProperty does, with a stack of its own: depth is bounded by memory only. */
function writeJson(root: unknown, naming: Required<Naming>): string | undefined {
  const stack: Open[] = [];
  const inside = new NativeSet<object>();
  const top = write("", root);
  if (top === undefined || stack.length === 0) return top;
  let json = top;
  for (let open = stack[stack.length - 1]; open !== undefined; open = stack[stack.length - 1]) {
    if (open.next === open.length) {
      json += open.names === undefined ? "]" : "}";
      setDelete(inside, open.source);
      pop(stack);
      continue;
    }
    const index = open.next;
    open.next += 1;
    const name = open.names?.[index];
    const member = write(name ?? textOf(index), open.members[name ?? index]);
    if (member === undefined && name !== undefined) continue;
    const separator = open.isEmpty ? "" : ",";
    json += separator + (name === undefined ? "" : `${stringify(name)}:`) + (member ?? "null");
    open.isEmpty = false;
  }
  return json;

  /** The text of a value, or how it begins, when it is opened; undefined when it has none. */
  function write(key: string, given: unknown): string | undefined {
    const value = shownBy(given, key);
    switch (typeof value) {
      case "undefined":
        return undefined;
      case "string":
        return stringify(value);
      case "number":
        return isFiniteNumber(value) ? textOf(value) : "null";
      case "boolean":
        return value ? "true" : "false";
      case "bigint":
        return isSafeInteger(numberOf(value)) ? textOf(value) : `"${textOf(value)}"`;
      case "function":
        // An object whose own toJSON returns it keeps that to itself.
        if (key === "toJSON" && stack.length > 0) return undefined;
        throw unwritable("is a function");
      case "symbol":
        throw unwritable("is a symbol");
      default:
        return value === null ? "null" : writeObject(value as object);
    }
  }

  function writeObject(value: object): string {
    if (isRawJson(value)) return stringify(value);
    const bytes = bytesOf(value);
    if (bytes !== undefined) return `"${toBase64(bytes)}"`;
    if (value instanceof NativePromise) throw unwritable("is a promise that was not awaited");
    if (setHas(inside, value)) throw unwritable("contains itself");
    return begin(value, membersOf(value));
  }

  function begin(source: object, members: object): string {
    const isList = isArray(members) || isView(members);
    const names = isList ? undefined : keys(members);
    setAdd(inside, source);
    push(stack, {
      ...{ source, names, members: members as Open["members"] },
      ...{ length: (names ?? (members as ArrayLike<unknown>)).length, next: 0, isEmpty: true },
    });
    return isList ? "[" : "{";
  }

  function unwritable(why: string): TypeError {
    const path = [naming.path];
    for (let index = 0; index < stack.length; index++) {
      const { names, next } = stack[index] as Open;
      push(path, names === undefined ? `[${next - 1}]` : `.${names[next - 1]}`);
    }
    return new NativeTypeError(`Cannot represent the ${naming.what} as JSON: ${join(path, "")} ${why}`);
  }
}

/** What a value is to JSON: what its toJSON returns, and the primitive that is boxed in it. */
function shownBy(given: unknown, key: string): unknown {
  if (typeof given !== "bigint" && !isObject(given)) return given;
  const { toJSON } = given as { toJSON?: unknown };
  // Node's Buffer has one, and is bytes all the same.
  const isShown = typeof toJSON === "function" && toJSON !== bufferToJson;
  const value: unknown = isShown ? apply(toJSON, given, [key]) : given;
  return isObject(value) ? unboxed(value) : value;
}

function isObject(value: unknown): value is object {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

/** The primitive in `Object("a")` and its kin; anything else as it is. */
function unboxed(value: object): unknown {
  if (!isBoxedPrimitive(value)) return value;
  if (isNumberObject(value)) return numberOf(value);
  if (isStringObject(value)) return textOf(value);
  if (isBooleanObject(value)) return booleanOf(value);
  return isBigIntObject(value) ? bigIntOf(value) : value;
}

/** What an object shows of itself: an array, or an object whose fields are. */
function membersOf(value: object): object {
  if (value instanceof NativeSet) {
    const items: unknown[] = [];
    setForEach(value, (item) => push(items, item));
    return items;
  }
  return value instanceof NativeMap ? membersOfMap(value) : value;
}

function membersOfMap(map: ReadonlyMap<unknown, unknown>): object {
  const pairs: [unknown, unknown][] = [];
  let isSimple = true;
  mapForEach(map, (value, key) => {
    isSimple = isSimple && isSimpleKey(key);
    push(pairs, [key, value]);
  });
  if (!isSimple) return pairs;
  // Without a prototype, so that a key such as `__proto__` is a field as any other.
  const object: object = create(null);
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index] as [unknown, unknown];
    const property = { value: pair[1], enumerable: true, configurable: true, writable: true };
    defineProperty(object, textOf(pair[0]), property);
  }
  return object;
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
