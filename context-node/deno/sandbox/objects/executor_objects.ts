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

/** Gets or creates values of this executor alone, by reference. A creation that fails is forgotten. The promise is safe to await. */
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
    const value = within(make, name, timeoutMs);
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

/** How long to wait for an object, as a job said it, where that is a time; Infinity waits without end. */
export function timeoutOf(name: string, given: unknown = DEFAULT_TIMEOUT_MS): number {
  if (typeof given === "number" && given >= 0) return given;
  throw new NativeTypeError(
    `Cannot keep the named object "${name}": its timeoutMs is ${describeKind(given)}, not a number of milliseconds`,
  );
}

/** What `make` makes. Rejects with a TimeoutError when it takes longer. The promise is safe to await. */
export function within<T>(make: () => T | Promise<T>, name: string, timeoutMs: number): Promise<T> {
  const made = startMaking(make);
  return own(
    new NativePromise<T>((resolve, reject) => {
      const cancelTimer = startOwnTimer(() => reject(createTimeout(name, timeoutMs)), timeoutMs);
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

/** Rejects also when `make` throws. Not called by a promise's constructor, which would be a frame in its stacks. */
async function startMaking<T>(make: () => T | Promise<T>): Promise<T> {
  return make();
}

export function createTimeout(name: string, timeoutMs: number): DOMException {
  return new NativeDOMException(`The named object "${name}" was not created within ${timeoutMs} ms`, "TimeoutError");
}
