/** Finds what a job may not hold in what was recorded. */
import {
  add,
  apply,
  bufferOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  has,
  isArray,
  isInstance,
  isView,
  NativePort,
  NativeSet,
  NativeSharedArrayBuffer,
  ownKeys,
  textOf,
} from "./natives.ts";
import { append, known, type Recorded, recorded } from "./record.ts";
import { isObject, nameOf, read } from "./walk.ts";

const DEPTH = 3;

/** Properties of what only Deno, Node and the executor may hold. */
export const FORBIDDEN = new Set<PropertyKey>([
  ...["ops", "core", "internals", "primordials", "internalBinding", "_linkedBinding", "binding", "getBuiltinModule"],
  ...[
    "workerData",
    "mainModule",
    "dlopen",
    "_kill",
    "_rawDebug",
    "reallyExit",
    "loadExtScript",
    "setMacrotaskCallback",
  ],
  ...["forNode", "forMain", "nextAt", "mailbox", "bell", "Worker", "registerHooks", "runMicrotasks"],
  ...["opNames", "propGetOwnEnumerable", "createHook", "_extensions", "_load"],
]);

/** The forbidden ones that can be reached from what was recorded. */
export function findings(): string[] {
  const found = new NativeSet<string>();
  const visited = new NativeSet<unknown>();
  const list: string[] = [];
  const note = (what: string): void => {
    if (apply(has, found, [what])) return;
    apply(add, found, [what]);
    append(list, what);
  };
  const look = (value: unknown, path: string, depth: number): void => {
    if (!isObject(value) || apply(has, known, [value]) || apply(has, visited, [value])) return;
    apply(add, visited, [value]);
    const kind = forbiddenKind(value);
    if (kind !== undefined) note(`${path}: ${kind}`);
    if (isView(value)) return;
    const names = ownKeys(value);
    for (let index = 0; index < names.length && index < 300; index++) {
      const name = names[index] as PropertyKey;
      if (apply(has, FORBIDDEN, [name]) && !isArray(value)) note(`${path}: ${nameOf(name)}`);
      if (depth < DEPTH) look(read(value, name), `${path} > ${nameOf(name)}`, depth + 1);
    }
    if (depth < DEPTH) look(getPrototypeOf(value), `${path} > [[Prototype]]`, depth + 1);
  };
  for (let index = 0; index < recorded.length; index++) {
    const { value, where } = recorded[index] as Recorded;
    look(value, where, 0);
  }
  return list;
}

/** A port and shared memory that the job did not make are its executor's; Deno's operations have names of their own. */
function forbiddenKind(value: object): string | undefined {
  if (typeof NativePort === "function" && apply(isInstance, NativePort, [value])) return "a port";
  if (isView(value)) {
    return apply(isInstance, NativeSharedArrayBuffer, [apply(bufferOf, value, [])]) ? "shared memory" : undefined;
  }
  if (typeof value !== "function") return undefined;
  const name = textOf(getOwnPropertyDescriptor(value, "name")?.value);
  return name[0] === "o" && name[1] === "p" && name[2] === "_" ? name : undefined;
}
