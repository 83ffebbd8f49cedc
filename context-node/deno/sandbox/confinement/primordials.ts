/**
 * The language and the platform as they were before any job could change them.
 *
 * The code of an executor shares its realm with jobs, and a job may replace any method of any prototype. So what runs in an executor keeps to
 * these rules: it calls built-in methods from here only; it walks arrays by index, never by an iterator (no spread, `for…of` or array pattern over
 * what a job can reach); it awaits a promise of its own through `own()`; it resolves no promise with an object whose prototype a job can extend.
 * `Object.prototype` and `Array.prototype` take no new properties (see confine.ts), so plain records and arrays are safe to read and to fill.
 */
export const { queueMicrotask, setTimeout } = globalThis;

const natives = globalThis;
export const NativeArrayBuffer = natives.ArrayBuffer;
export const NativeBlob = natives.Blob;
export const NativeDOMException = natives.DOMException;
export const NativeDataView = natives.DataView;
export const NativeDate = natives.Date;
export const NativeError = natives.Error;
export const NativeAggregateError = natives.AggregateError;
export const NativeInt32Array = natives.Int32Array;
export const NativeMap = natives.Map;
export const NativePromise = natives.Promise;
export const NativeReadableStream = natives.ReadableStream;
export const NativeSet = natives.Set;
export const NativeSharedArrayBuffer = natives.SharedArrayBuffer;
export const NativeTypeError = natives.TypeError;
export const NativeUint8Array = natives.Uint8Array;
export const NativeUint8ClampedArray = natives.Uint8ClampedArray;

/** The text of any value; that of a symbol too. */
export const textOf: (value: unknown) => string = natives.String;
export const numberOf: (value: unknown) => number = natives.Number;
export const { parse, stringify } = JSON;
export const { min } = Math;
export const { store: atomicStore, notify: atomicNotify, waitAsync: atomicWaitAsync } = Atomics;
/** What `JSON.rawJSON` made; the types do not know it yet. */
export const { isRawJSON: isRawJson } = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };
export const { isFinite: isFiniteNumber, isInteger, isSafeInteger } = Number;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { apply, deleteProperty, getPrototypeOf, ownKeys, getOwnPropertyDescriptor } = Reflect;
export const {
  create,
  defineProperty,
  freeze,
  getOwnPropertyNames,
  getOwnPropertySymbols,
  hasOwn,
  keys,
  preventExtensions,
} = Object;
export const iterator: typeof Symbol.iterator = Symbol.iterator;
export const asyncIterator: typeof Symbol.asyncIterator = Symbol.asyncIterator;
export const objectPrototype = Object.prototype;

/** Makes a method a function that takes `this` as its first argument. No later change of the method has an effect on it. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters are those of whatever method is given
export function uncurry<This, Args extends any[], Result>(
  method: (this: This, ...args: Args) => Result,
): (self: This, ...args: Args) => Result {
  return bindCall(method) as (self: This, ...args: Args) => Result;
}

const { bind, call } = Function.prototype;
const bindCall: (method: unknown) => unknown = bind.bind(call);

type AnyArray = readonly unknown[];

export const toText = uncurry(Object.prototype.toString) as (value: unknown) => string;
export const indexOf: (text: string, search: string, from?: number) => number = uncurry(String.prototype.indexOf);
export const lastIndexOf: (text: string, search: string) => number = uncurry(String.prototype.lastIndexOf);
export const slice: (text: string, start: number, end?: number) => string = uncurry(String.prototype.slice);
export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const shift = uncurry(globalThis.Array.prototype.shift) as <T>(array: T[]) => T | undefined;
export const pop = uncurry(globalThis.Array.prototype.pop) as <T>(array: T[]) => T | undefined;
export const join: (array: AnyArray, separator: string) => string = uncurry(globalThis.Array.prototype.join);

const mapGetMethod = uncurry(Map.prototype.get);
export const mapGet = mapGetMethod as <K, V>(map: ReadonlyMap<K, V>, key: K) => V | undefined;
export const mapSet = uncurry(Map.prototype.set) as <K, V>(map: Map<K, V>, key: K, value: V) => Map<K, V>;
export const mapDelete = uncurry(Map.prototype.delete) as <K>(map: Map<K, unknown>, key: K) => boolean;
export const mapForEach = uncurry(Map.prototype.forEach) as <K, V>(
  map: ReadonlyMap<K, V>,
  each: (value: V, key: K) => void,
) => void;
export const mapSize = uncurry(getter(Map.prototype, "size")) as (map: ReadonlyMap<unknown, unknown>) => number;
export const setHas = uncurry(Set.prototype.has) as <T>(set: ReadonlySet<T>, value: T) => boolean;
export const setAdd = uncurry(Set.prototype.add) as <T>(set: Set<T>, value: T) => Set<T>;
export const setDelete = uncurry(Set.prototype.delete) as <T>(set: Set<T>, value: T) => boolean;
export const setForEach = uncurry(Set.prototype.forEach) as <T>(set: ReadonlySet<T>, each: (value: T) => void) => void;

const then = uncurry(Promise.prototype.then) as <T>(
  promise: Promise<T>,
  done?: (value: T) => unknown,
  failed?: (error: unknown) => unknown,
) => Promise<unknown>;

/** So that nothing looks up `Promise.prototype.constructor` on it, which a job can make a getter. */
const OWN_CONSTRUCTOR: PropertyDescriptor = create(null, { value: { value: Promise } });

/** A promise of the executor's own, safe to await: neither `await` nor `when()` calls anything that a job can replace. */
export function own<T>(promise: Promise<T>): Promise<T> {
  return defineProperty(promise, "constructor", OWN_CONSTRUCTOR);
}

/** A promise that settles as what a job returned does, whatever that is. */
export function settled<T>(value: T): Promise<Awaited<T>> {
  return own(new NativePromise<Awaited<T>>((resolve) => resolve(value as Awaited<T>)));
}

/** Calls one of them when a promise of the executor's own settles. */
export function when<T>(promise: Promise<T>, done: (value: T) => void, failed?: (error: unknown) => void): void {
  void then(own(promise), done, failed);
}

/** The value of an accessor's getter, to be called on any object that has its brand. */
export function getter(prototype: object, name: PropertyKey): (this: unknown) => unknown {
  const get = getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new NativeTypeError(`${textOf(name)} is not an accessor`);
  return get;
}

const typedArrayPrototype: Uint8Array = getPrototypeOf(Uint8Array.prototype) as Uint8Array;
export const bufferOf = uncurry(getter(typedArrayPrototype, "buffer")) as (bytes: ArrayBufferView) => ArrayBufferLike;
export const byteOffsetOf = uncurry(getter(typedArrayPrototype, "byteOffset")) as (bytes: ArrayBufferView) => number;
export const byteLengthOf = uncurry(getter(typedArrayPrototype, "byteLength")) as (bytes: ArrayBufferView) => number;
export const bufferLength = uncurry(getter(ArrayBuffer.prototype, "byteLength")) as (buffer: ArrayBuffer) => number;
export const sharedLength = uncurry(getter(SharedArrayBuffer.prototype, "byteLength")) as (
  buffer: SharedArrayBuffer,
) => number;
export const viewBuffer = uncurry(getter(DataView.prototype, "buffer")) as (view: DataView) => ArrayBufferLike;
export const viewOffset = uncurry(getter(DataView.prototype, "byteOffset")) as (view: DataView) => number;
export const viewLength = uncurry(getter(DataView.prototype, "byteLength")) as (view: DataView) => number;
export const setBytes: (target: Uint8Array, source: Uint8Array, offset: number) => void = uncurry(
  Uint8Array.prototype.set,
);
export const toBase64: (bytes: Uint8Array) => string = uncurry(Uint8Array.prototype.toBase64);
export const { fromBase64 } = Uint8Array;

const encoder = new TextEncoder();
export const encodeText: (text: string) => Uint8Array = encoder.encode.bind(encoder);
const decoder = new TextDecoder();
/** Without a byte order mark. */
export const decodeText: (bytes: Uint8Array) => string = decoder.decode.bind(decoder);
/** Milliseconds of a clock that does not leap. */
export const now: () => number = performance.now.bind(performance);
/** Milliseconds since 1970. */
export const wallClock: () => number = Date.now;

const { exec: execRegExp } = RegExp.prototype;
const replaceRegExp = RegExp.prototype[Symbol.replace] as (
  this: RegExp,
  text: string,
  by: string | ((...found: string[]) => string),
) => string;
const exec = uncurry(execRegExp);
const replaceBy = uncurry(replaceRegExp);

/** A regular expression whose use calls nothing that a job can replace. */
export interface Pattern {
  test(text: string): boolean;
  exec(text: string): RegExpExecArray | null;
  /** Of a global pattern all places. `by` gets the match and its groups. */
  replace(text: string, by: string | ((...found: string[]) => string)): string;
}

export function pattern(expression: RegExp): Pattern {
  const { flags } = expression;
  // Own properties, for `replace` looks these two up.
  defineProperty(expression, "exec", { value: execRegExp });
  defineProperty(expression, "flags", { value: flags });
  function find(text: string): RegExpExecArray | null {
    expression.lastIndex = 0;
    return exec(expression, text);
  }
  return {
    test: (text) => find(text) !== null,
    exec: find,
    replace: (text, by) => replaceBy(expression, text, by),
  };
}

/** An array of what a job gave as one, by index; holes are undefined. */
export function copyArray<T>(array: ArrayLike<T>): T[] {
  const copy: T[] = [];
  for (let index = 0; index < array.length; index++) copy[index] = array[index] as T;
  return copy;
}

export function contains<T>(array: ArrayLike<T>, value: T): boolean {
  for (let index = 0; index < array.length; index++) if (array[index] === value) return true;
  return false;
}

/** Appends; takes no method of the array, which a job can replace. */
export function push<T>(array: T[], item: T): void {
  array[array.length] = item;
}

/** A copy for a platform function that takes a sequence: it brings its own iterator, since the one of arrays can be replaced. */
export function sequenceOf<T>(items: readonly T[]): T[] {
  const sequence = copyArray(items);
  function iterate(): { next(): IteratorResult<T> } {
    let index = 0;
    return {
      next(): IteratorResult<T> {
        if (index === sequence.length) return { done: true, value: undefined };
        index += 1;
        return { done: false, value: sequence[index - 1] as T };
      },
    };
  }
  defineProperty(sequence, iterator, { value: iterate });
  return sequence;
}
