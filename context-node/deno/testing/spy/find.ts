/** Finds objects that a job may not hold among the recorded values. */
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

/** Names of properties that only objects of Deno, Node and the executor have. */
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

/** Lists forbidden objects that can be reached from recorded values. */
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

/** Ports and shared memory that the job did not create belong to its executor; Deno's operations are known by their names. */
function forbiddenKind(value: object): string | undefined {
  if (typeof NativePort === "function" && apply(isInstance, NativePort, [value])) return "a port";
  if (isView(value)) {
    return apply(isInstance, NativeSharedArrayBuffer, [apply(bufferOf, value, [])]) ? "shared memory" : undefined;
  }
  if (typeof value !== "function") return undefined;
  const name = textOf(getOwnPropertyDescriptor(value, "name")?.value);
  return name[0] === "o" && name[1] === "p" && name[2] === "_" ? name : undefined;
}
