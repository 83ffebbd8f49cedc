import type { CreateOptions } from "../../../hearth.ts";
import {
  mapDelete,
  mapGet,
  mapSet,
  NativeDOMException,
  NativeMap,
  NativePromise,
  NativeTypeError,
  now,
  own,
  when,
} from "../confinement/primordials.ts";
import { describeKind } from "../runs/value_text.ts";
import { startOwnTimer } from "../timers/own_timer.ts";

const DEFAULT_TIMEOUT_MS = 60_000;

/** Gets or creates values that exist in this executor only, by reference. A failed creation is not kept. The promise is safe to await. */
export function createExecutorObjects() {
  const values = new NativeMap<string, { readonly value: Promise<unknown>; readonly expiresAt: number }>();
  return function getOrElseCreate<T>(
    name: string,
    make: () => T | Promise<T>,
    { ttlMs = Infinity, timeoutMs: given }: CreateOptions,
  ): Promise<unknown> {
    const timeoutMs = timeoutOf(name, given);
    const kept = mapGet(values, name);
    if (kept !== undefined && kept.expiresAt > now()) return kept.value;
    const value = createWithTimeout(make, name, timeoutMs);
    const entry = { value, expiresAt: now() + ttlMs };
    mapSet(values, name, entry);
    when(
      value,
      () => {},
      () => {
        if (mapGet(values, name) === entry) mapDelete(values, name);
      },
    );
    return value;
  };
}

/** Validates a job's timeout for an object, in milliseconds; Infinity waits without limit. Throws a TypeError if it is not a number of milliseconds. */
export function timeoutOf(name: string, given: unknown = DEFAULT_TIMEOUT_MS): number {
  if (typeof given === "number" && given >= 0) return given;
  throw new NativeTypeError(
    `Cannot keep the named object "${name}": its timeoutMs is ${describeKind(given)}, not a number of milliseconds`,
  );
}

/** Resolves to the value that `make` creates. Rejects with a TimeoutError if it takes longer. The promise is safe to await. */
export function createWithTimeout<T>(make: () => T | Promise<T>, name: string, timeoutMs: number): Promise<T> {
  const made = startCreation(make);
  return own(
    new NativePromise<T>((resolve, reject) => {
      const cancelTimer = startOwnTimer(() => reject(timeoutError(name, timeoutMs)), timeoutMs);
      when(
        made,
        (value) => {
          cancelTimer();
          resolve(value);
        },
        (error) => {
          cancelTimer();
          reject(error);
        },
      );
    }),
  );
}

/** Rejects also if `make` throws. Not inside a Promise constructor, which would add a frame to its stacks. */
async function startCreation<T>(make: () => T | Promise<T>): Promise<T> {
  return make();
}

export function timeoutError(name: string, timeoutMs: number): DOMException {
  return new NativeDOMException(`The named object "${name}" was not created within ${timeoutMs} ms`, "TimeoutError");
}
