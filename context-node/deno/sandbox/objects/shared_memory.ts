import {
  bufferOf,
  isArray,
  isView,
  keys,
  mapForEach,
  NativeDataView,
  NativeMap,
  NativeSet,
  NativeSharedArrayBuffer,
  setAdd,
  setForEach,
  setHas,
  sharedLength,
  viewBuffer,
} from "../confinement/primordials.ts";

/** Bytes of shared memory in a value; 0 when it has none. */
export function sizeOfShared(value: unknown): number {
  return sizeOf(value, new NativeSet());
}

function sizeOf(value: unknown, seen: Set<unknown>): number {
  if (typeof value !== "object" || value === null || setHas(seen, value)) return 0;
  setAdd(seen, value);
  if (value instanceof NativeSharedArrayBuffer) return sharedLength(value);
  if (value instanceof NativeDataView) return sizeOf(viewBuffer(value), seen);
  if (isView(value)) return sizeOf(bufferOf(value), seen);
  let bytes = 0;
  if (value instanceof NativeMap) {
    mapForEach(value, (item, key) => {
      bytes += sizeOf(key, seen) + sizeOf(item, seen);
    });
    return bytes;
  }
  if (value instanceof NativeSet) {
    setForEach(value, (item) => {
      bytes += sizeOf(item, seen);
    });
    return bytes;
  }
  if (isArray(value)) {
    for (let index = 0; index < value.length; index++) bytes += sizeOf(value[index], seen);
    return bytes;
  }
  const names = keys(value);
  for (let index = 0; index < names.length; index++) {
    bytes += sizeOf((value as Record<string, unknown>)[names[index] as string], seen);
  }
  return bytes;
}
