/** Finds all objects that a job can reach. */
import {
  apply,
  get,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isView,
  NativePromise,
  ownKeys,
  textOf,
  then,
} from "./natives.ts";
import { known } from "./record.ts";

export function isObject(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

export function nameOf(name: PropertyKey): string {
  return typeof name === "symbol" ? `@@${name.description}` : textOf(name);
}

/** Returns all objects that can be reached, with their paths. */
export function reach(roots: readonly (readonly [string, object])[]): (readonly [string, object])[] {
  const all: (readonly [string, object])[] = [];
  const take = (path: string, value: unknown): void => {
    if (!isObject(value) || known.has(value)) return;
    known.add(value);
    all.push([path, value]);
  };
  for (const [path, value] of roots) take(path, value);
  for (let index = 0; index < all.length; index++) {
    const [path, object] = all[index] as readonly [string, object];
    take(`${path}.[[Prototype]]`, getPrototypeOf(object));
    if (isView(object)) continue;
    for (const name of ownKeys(object)) {
      const descriptor = getOwnPropertyDescriptor(object, name);
      const inner = path === "globalThis" ? nameOf(name) : `${path}.${nameOf(name)}`;
      take(`get ${inner}`, descriptor?.get);
      take(`set ${inner}`, descriptor?.set);
      take(inner, read(object, name));
    }
  }
  return all;
}

export function read(object: object, name: PropertyKey): unknown {
  try {
    const value: unknown = get(object, name);
    // A getter on a prototype of streams rejects; the rejection is ignored.
    if (value instanceof NativePromise) apply(then, value, [() => {}, () => {}]);
    return value;
  } catch {
    return undefined;
  }
}
