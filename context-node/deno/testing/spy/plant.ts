/** Plants accessors that record reads and writes. */
import { defineProperty, getOwnPropertyDescriptor } from "./natives.ts";
import { isOff, record } from "./record.ts";
import { isObject, nameOf } from "./walk.ts";

/** Properties that internal objects of Deno and Node have, or that their code reads although they are absent. */
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
        // The object accepts no properties.
      }
    }
  }
}

function isPrototype(object: object): boolean {
  const owner = getOwnPropertyDescriptor(object, "constructor")?.value as unknown;
  return isObject(owner) && getOwnPropertyDescriptor(owner, "prototype")?.value === object;
}
