/** Globals that an executor relies on, as they were before a job could replace them. */
export const { queueMicrotask, setTimeout, clearTimeout, ReadableStream } = globalThis;
export const { parse, stringify } = JSON;
const encoder = new TextEncoder();
export const encodeText: (text: string) => Uint8Array = encoder.encode.bind(encoder);
const { toBase64: base64 } = Uint8Array.prototype;
export const toBase64 = (bytes: Uint8Array): string => Reflect.apply(base64, bytes, []);
export const now: () => number = performance.now.bind(performance);
