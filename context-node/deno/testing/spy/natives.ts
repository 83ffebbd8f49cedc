/** Parts of the language that the job uses, captured before it replaces them. */
export const { apply, construct, defineProperty, get, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
export const NativeProxy = Proxy;
export const NativePromise = Promise;
export const NativeSharedArrayBuffer = SharedArrayBuffer;
export const { then } = Promise.prototype;
export const NativeSet = Set;
export const { has, add } = Set.prototype;
export const { get: getOf, set: setOf } = WeakMap.prototype;
export const textOf = String;
export const { setTimeout: startTimer } = globalThis;
export const { MessagePort: NativePort } = globalThis as { MessagePort?: object };
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
/** Reads the buffer of a view of any kind. */
export const bufferOf = function (this: ArrayBufferView): unknown {
  return this.buffer;
};
export const isInstance = Function.prototype[Symbol.hasInstance];

/** Objects of Node and Deno, with properties that their types may lack. */
// biome-ignore lint/suspicious/noExplicitAny: actions try properties that may not exist
export type Loose = any;

export const scope = globalThis as Loose;
