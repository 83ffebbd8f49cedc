/**
 * Replaces each method and accessor of each object that a job can reach, and adds what it can to prototypes. It records what they are called
 * with, as long as no code of another job runs: then all of it comes from the executor, or from Deno on the executor's behalf.
 */
import type { NamedObjects } from "../../hearth.ts";

const textOf = String;
const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const has = Set.prototype.has;
const add = Set.prototype.add;
const { then } = Promise.prototype;

const seen: unknown[] = [];
let isOff = false;
let isMine = 0;

/** Words by which the executor's messages, and the configs of others, are known. */
const TYPES = [
  "run",
  "logged",
  "progress",
  "running",
  "succeeded",
  "failed",
  "reported",
  "objectPut",
  "dataList",
  "bundle",
];

function record(self: unknown, args: ArrayLike<unknown>, where: string): void {
  if (isOff || isMine > 0) return;
  isOff = true;
  try {
    look(self, where, 0);
    for (let index = 0; index < args.length; index++) look(args[index], where, 0);
  } finally {
    isOff = false;
  }
}

function look(value: unknown, where: string, depth: number): void {
  if (typeof value === "string") {
    if (indexOf(value, "the-config-of-another-run") >= 0) note(`${where}: a config`);
    return;
  }
  if ((typeof value !== "object" && typeof value !== "function") || value === null || depth > 3) return;
  if (value instanceof MessagePort) note(`${where}: a port`);
  if (value instanceof Promise)
    apply(then, value, [(settled: unknown) => look(settled, `${where}, settled`, depth + 1), () => {}]);
  const names = ownKeys(value);
  for (let index = 0; index < names.length && index < 100; index++) {
    const name = names[index] as PropertyKey;
    const descriptor = getOwnPropertyDescriptor(value, name);
    if (descriptor === undefined || !("value" in descriptor)) continue;
    if (name === "type" && isOneOf(descriptor.value)) note(`${where}: a message ${descriptor.value}`);
    if (name === "forNode" || name === "forMain" || name === "nextAt" || name === "mailbox") note(`${where}: ${name}`);
    look(descriptor.value, where, depth + 1);
  }
}

/** With no method that is replaced below. */
function indexOf(text: string, search: string): number {
  outer: for (let at = 0; at + search.length <= text.length; at++) {
    for (let index = 0; index < search.length; index++) if (text[at + index] !== search[index]) continue outer;
    return at;
  }
  return -1;
}

function isOneOf(value: unknown): boolean {
  for (let index = 0; index < TYPES.length; index++) if (TYPES[index] === value) return true;
  return false;
}

function note(what: string): void {
  defineProperty(seen, seen.length, { value: what, writable: true, enumerable: true, configurable: true });
}

/** What a job's own code does is of no interest. */
async function mine<T>(act: () => Promise<T>): Promise<T> {
  isMine += 1;
  try {
    return await act();
  } finally {
    isMine -= 1;
  }
}

function watch(object: object, path: string, done: Set<object>): void {
  if (apply(has, done, [object])) return;
  apply(add, done, [object]);
  const names = ownKeys(object);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as PropertyKey;
    const descriptor = getOwnPropertyDescriptor(object, name);
    if (descriptor === undefined) continue;
    const where = `${path}.${typeof name === "symbol" ? (name.description ?? "") : name}`;
    const inner: unknown = descriptor.value;
    if ((typeof inner === "object" || typeof inner === "function") && inner !== null) watch(inner, where, done);
    if (!descriptor.configurable) continue;
    const watched = watchedProperty(name, descriptor, where);
    try {
      if (watched !== undefined) defineProperty(object, name, watched);
    } catch {
      // It stays as it is.
    }
  }
  const prototype = getPrototypeOf(object);
  if (prototype !== null) watch(prototype, `${path}.[[Prototype]]`, done);
}

function watchedProperty(
  name: PropertyKey,
  descriptor: PropertyDescriptor,
  where: string,
): PropertyDescriptor | undefined {
  const { value, get, set } = descriptor;
  if (typeof value === "function" && name !== "constructor") {
    return isClass(value) ? undefined : { ...descriptor, value: spyOn(value, where) };
  }
  if (get !== undefined) {
    const watched: PropertyDescriptor = { ...descriptor, get: spyOn(get, where) as () => unknown };
    if (set !== undefined) watched.set = spyOn(set, where) as (value: unknown) => void;
    return watched;
  }
  if (name !== "constructor") return undefined;
  // Read by `await` and by `then` of whatever promise they are given.
  return {
    configurable: true,
    get() {
      record(this, [], where);
      return value;
    },
    set(own) {
      defineProperty(this, name, { value: own, writable: true, configurable: true });
    },
  };
}

// biome-ignore lint/complexity/noBannedTypes: any function
function isClass(value: Function): boolean {
  return typeof value.prototype === "object" && value.prototype !== null && ownKeys(value.prototype).length > 1;
}

// biome-ignore lint/complexity/noBannedTypes: any function
function spyOn(original: Function, where: string): Function {
  return {
    // A method, so that it has no `prototype`, as most of those that it stands for.
    method(this: unknown, ...args: unknown[]): unknown {
      record(this, args, where);
      return apply(original, this, args);
    },
  }.method;
}

function extend(): void {
  const names = [
    "then",
    "type",
    "run",
    "toJSON",
    "get",
    "set",
    "value",
    "data",
    "forNode",
    "0",
    "1",
    "done",
    "next",
    "transfer",
  ];
  for (const target of [
    Object.prototype,
    Array.prototype,
    Function.prototype,
    Promise.prototype,
    Uint8Array.prototype,
  ]) {
    for (const name of [...names, Symbol.iterator, Symbol.asyncIterator, Symbol.toPrimitive]) {
      if (name in target) continue;
      try {
        defineProperty(target, name, {
          configurable: true,
          get() {
            record(this, [], `get ${textOf(name)}`);
            return undefined;
          },
          set(value) {
            record(this, [value], `set ${textOf(name)}`);
            defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
          },
        });
      } catch {
        // It takes no properties.
      }
    }
  }
}

interface Given {
  readonly config: { readonly password: string };
  readonly signal: AbortSignal;
  readonly log: { info(text: string): void };
  readonly data: { list(): Promise<string[]>; text(name: string): Promise<string> };
  readonly objects: NamedObjects;
  progress(fraction: number, message?: string): void;
}

export async function spy({ signal, progress }: Given): Promise<readonly unknown[]> {
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  isMine += 1;
  const modules = ["async_hooks", "events", "stream", "buffer", "util", "v8", "timers", "url", "string_decoder"];
  const done = new Set<object>([seen]);
  for (const name of modules) watch(await import(`node:${name}`).then((it) => it.default), name, done);
  for (const name of ownKeys(globalThis)) {
    const value = Reflect.get(globalThis, name);
    if ((typeof value === "object" || typeof value === "function") && value !== null && value !== globalThis) {
      watch(value, textOf(name), done);
    }
  }
  for (const [name, value] of Object.entries({
    generator: (function* () {})(),
    iterator: [].values(),
    async: (async function* () {})(),
  })) {
    watch(value, name, done);
  }
  extend();
  Error.prepareStackTrace = (error, frames) => {
    record(error, frames, "prepareStackTrace");
    for (let index = 0; index < frames.length; index++) {
      record(frames[index]?.getThis(), [frames[index]?.getFunction()], "a frame");
    }
    return textOf(error);
  };
  isMine -= 1;
  progress(0, "watching");
  await stopped;
  isMine += 1;
  return seen.length > 50 ? seen.slice(0, 50) : seen;
}

export const victim = ({ config, log, progress, data, objects }: Given): Promise<unknown> => {
  const { length } = config.password;
  log.info("a line");
  console.log("of the console");
  progress(0.5, "half");
  return mine(async () => {
    const files = await data.list();
    const text = await data.text("rates.csv");
    const created = await objects.getOrElseCreate("made", () => ({ rows: [1] }));
    await objects.update("x", 2);
    const got = await objects.get("x");
    await objects.forget("x");
    const names = (await objects.list()).length;
    progress(1, "done");
    return { length, files, text, created, got, names };
  });
};

export const failing = (): never => {
  throw new RangeError("as planned", { cause: new Error("a cause") });
};

export const rejecting = { validate: () => ["one", "two"], run: () => undefined };

export const streaming = async function* (): AsyncGenerator<unknown> {
  for (let row = 0; row < 3; row++) yield { row };
};

export const waiting = ({ signal, progress }: Given): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve("cancelled"));
    progress(0, "waiting");
  });
