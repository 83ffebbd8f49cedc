import {
  defineProperty,
  freeze,
  getOwnPropertyDescriptor,
  getOwnPropertySymbols,
  hasOwn,
  isArray,
  NativeError,
  ownKeys,
  textOf,
  uncurry,
} from "./primordials.ts";

/** Where Deno keeps the listeners of an event target: an own property, whose symbol a job finds on every target. */
interface TargetData {
  readonly listeners: Readonly<Record<PropertyKey, unknown>>;
}

interface Listener {
  readonly callback: object;
  readonly options: unknown;
}

/**
 * Makes the listeners that the global object has by now final: no job takes one of them away, replaces it, or adds one to the same events, by which
 * errors of later jobs would get past the executor. Other events can be listened to.
 */
export function makeListenersFinal(): void {
  const symbols = getOwnPropertySymbols(globalThis);
  let isFound = false;
  for (let index = 0; index < symbols.length; index++) {
    const symbol = symbols[index] as symbol;
    const data: unknown = getOwnPropertyDescriptor(globalThis, symbol)?.value;
    if (typeof data !== "object" || data === null || !hasOwn(data, "listeners")) continue;
    isFound = true;
    defineProperty(globalThis, symbol, { writable: false, configurable: false });
    freeze(data);
    freezeListeners((data as TargetData).listeners);
  }
  if (!isFound) throw new NativeError("Cannot confine the executor: its listeners are not where they were");
  defineProperty(globalThis, "addEventListener", { value: addUnlessFinal, writable: true, configurable: true });
}

const add: (target: EventTarget, ...parameters: Parameters<EventTarget["addEventListener"]>) => void = uncurry(
  EventTarget.prototype.addEventListener,
);

/** Ignores listeners of the events that are the executor's: programs that bring one run on, and nothing is emitted to it. */
function addUnlessFinal(...[type, listener, options]: Parameters<EventTarget["addEventListener"]>): void {
  const name = textOf(type);
  if (name !== "error" && name !== "unhandledrejection") add(globalThis, name, listener, options);
}

function freezeListeners(listeners: TargetData["listeners"]): void {
  const types = ownKeys(listeners);
  for (let index = 0; index < types.length; index++) {
    const type = types[index] as PropertyKey;
    const each = listeners[type];
    if (!isArray(each)) continue;
    for (let at = 0; at < each.length; at++) {
      const listener = freeze(each[at] as Listener);
      freeze(listener.callback);
      freeze(listener.options);
    }
    freeze(each);
    defineProperty(listeners, type, { writable: false, configurable: false });
  }
}
