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

/** Deno's listeners of an event target: an own property whose symbol a job can find on every target. */
interface TargetData {
  readonly listeners: Readonly<Record<PropertyKey, unknown>>;
}

interface Listener {
  readonly callback: object;
  readonly options: unknown;
}

/**
 * Makes the current listeners of the global object final. A job cannot remove or replace them, or add listeners to the same events, which
 * would keep errors of later jobs from the executor. Jobs can listen to other events.
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
  if (!isFound) throw new NativeError("Cannot confine the executor: Deno keeps its listeners elsewhere");
  defineProperty(globalThis, "addEventListener", { value: addUnlessFinal, writable: true, configurable: true });
}

const add: (target: EventTarget, ...parameters: Parameters<EventTarget["addEventListener"]>) => void = uncurry(
  EventTarget.prototype.addEventListener,
);

/** Ignores listeners of the executor's events: programs that add one still run, but the listener is never called. */
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
