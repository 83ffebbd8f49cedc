/** Plants accessors that record who reads or writes them. */
import { defineProperty, getOwnPropertyDescriptor } from "./natives.ts";
import { isOff, record } from "./record.ts";
import { isObject, nameOf } from "./walk.ts";

/** Properties that objects of Deno's and Node's own have, or read where they are absent. */
const PLANTED: readonly PropertyKey[] = [
  ...["then", "get", "set", "value", "signal", "cause", "code", "_handle", "handle", "rid", "core", "ops", "process"],
  ...["parent", "owner", "domain", "promise", "resolve", "port", "toJSON", "type", "data", "callback"],
  Symbol.iterator,
  Symbol.asyncIterator,
  Symbol.toPrimitive,
  Symbol.toStringTag,
  Symbol.isConcatSpreadable,
  Symbol.species,
];

export function plant(all: readonly (readonly [string, object])[]): void {
  for (let index = 0; index < all.length; index++) {
    const [path, object] = all[index] as readonly [string, object];
    if (path !== "Function.prototype" && !isPrototype(object)) continue;
    for (let at = 0; at < PLANTED.length; at++) {
      const name = PLANTED[at] as PropertyKey;
      const where = `${path}.${nameOf(name)}, planted`;
      if (name in object) continue;
      try {
        defineProperty(object, name, {
          configurable: true,
          get() {
            if (!isOff) record(this, where);
            return undefined;
          },
          set(value) {
            if (!isOff) {
              record(this, where);
              record(value, where);
            }
            defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
          },
        });
      } catch {
        // It takes no properties.
      }
    }
  }
}

function isPrototype(object: object): boolean {
  const owner = getOwnPropertyDescriptor(object, "constructor")?.value as unknown;
  return isObject(owner) && getOwnPropertyDescriptor(owner, "prototype")?.value === object;
}
