/** Replaces functions and accessors with proxies that record their arguments. */
import {
  add,
  apply,
  construct,
  defineProperty,
  getOf,
  getOwnPropertyDescriptor,
  NativeProxy,
  ownKeys,
  setOf,
} from "./natives.ts";
import { isOff, known, record } from "./record.ts";
import { nameOf } from "./walk.ts";

export const replacements = new WeakMap<object, object>();

export function replaceAll(all: readonly (readonly [string, object])[]): number {
  let count = 0;
  for (let index = 0; index < all.length; index++) {
    const [path, object] = all[index] as readonly [string, object];
    const names = ownKeys(object);
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as PropertyKey;
      const replaced = replacedProperty(object, name, `${path}.${nameOf(name)}`);
      try {
        if (replaced === undefined) continue;
        defineProperty(object, name, replaced);
        count += 1;
      } catch {
        // The property remains as it is.
      }
    }
  }
  return count;
}

function replacedProperty(object: object, name: PropertyKey, where: string): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (descriptor === undefined) return undefined;
  const { value, get: getter, set: setter, configurable, writable } = descriptor;
  if (typeof value === "function") {
    return configurable || writable ? { value: replacement(value, where) } : undefined;
  }
  if (!configurable || (getter === undefined && setter === undefined)) return undefined;
  return {
    ...(getter !== undefined && { get: replacement(getter, `get ${where}`) as () => unknown }),
    ...(setter !== undefined && { set: replacement(setter, `set ${where}`) as (value: unknown) => void }),
  };
}

function replacement(original: object, where: string): object {
  const there = apply(getOf, replacements, [original]);
  if (there !== undefined) return there as object;
  const proxy: object = new NativeProxy(original as () => unknown, {
    apply(target, self, args) {
      if (isOff) return apply(target, self, args);
      record(self, where);
      for (let index = 0; index < args.length; index++) record(args[index], where);
      const result: unknown = apply(target, self, args);
      record(result, `${where}, its result`);
      return result;
    },
    construct(target, args, newTarget): object {
      if (!isOff) for (let index = 0; index < args.length; index++) record(args[index], `new ${where}`);
      return construct(target, args, newTarget === proxy ? target : newTarget);
    },
  });
  apply(setOf, replacements, [original, proxy]);
  apply(setOf, replacements, [proxy, proxy]);
  apply(add, known, [proxy]);
  return proxy;
}
