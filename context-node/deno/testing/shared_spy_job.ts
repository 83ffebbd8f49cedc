/**
 * Replaces each function and accessor that a job can reach, then has Deno and Node do what they can for a job, and lists what of their own
 * they pass to a replacement: as `this`, as an argument, or as what an original returned.
 */
const { apply, construct, defineProperty, get, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const NativeProxy = Proxy;
const NativePromise = Promise;
const NativeSharedArrayBuffer = SharedArrayBuffer;
const { then } = Promise.prototype;
const NativeSet = Set;
const { has, add } = Set.prototype;
const { get: getOf, set: setOf } = WeakMap.prototype;
const textOf = String;
const { setTimeout: startTimer } = globalThis;
const { MessagePort: NativePort } = globalThis as { MessagePort?: object };
const { isArray } = Array;
const { isView } = ArrayBuffer;
/** Reads the buffer of a view of any kind. */
const bufferOf = function (this: ArrayBufferView): unknown {
  return this.buffer;
};

/** What Node and Deno have, by names that their types may lack. */
// biome-ignore lint/suspicious/noExplicitAny: the actions try what is there
type Loose = any;

interface Recorded {
  readonly value: object;
  readonly where: string;
}

interface Given {
  readonly config: {
    readonly modules: readonly string[];
    /** How the paths of the objects begin whose properties are replaced. */
    readonly only: string;
    readonly http?: number;
    readonly tcp?: number;
  };
  readonly log: Record<"debug" | "info" | "warn" | "error", (text: string) => void>;
  readonly data: {
    list(): Promise<string[]>;
    text(name: string): Promise<string>;
  };
  readonly objects: {
    get(name: string): Promise<unknown>;
    update(name: string, value: unknown): Promise<void>;
    forget(name: string): Promise<boolean>;
    list(): Promise<unknown[]>;
    getOrElseCreate(name: string, create: () => unknown): Promise<unknown>;
  };
  progress(fraction: number, message?: string): void;
}

const MOST_RECORDED = 60_000;
const DEPTH = 3;

/** Properties of what only Deno, Node and the executor may hold. */
const FORBIDDEN = new Set<PropertyKey>([
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

/** Reached without any replacement. */
const known = new Set<unknown>();
const recorded: Recorded[] = [];
const recordedValues = new Set<unknown>();
const replacements = new WeakMap<object, object>();
let isOff = true;

function record(value: unknown, where: string): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  if (apply(has, known, [value]) || apply(has, recordedValues, [value])) return;
  if (recorded.length >= MOST_RECORDED) return;
  apply(add, recordedValues, [value]);
  append(recorded, { value, where });
}

function append<T>(list: T[], value: T): void {
  defineProperty(list, list.length, { value, writable: true, enumerable: true, configurable: true });
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

function nameOf(name: PropertyKey): string {
  return typeof name === "symbol" ? `@@${name.description}` : textOf(name);
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

/** All that can be reached, with its owner's path. */
function reach(roots: readonly (readonly [string, object])[]): (readonly [string, object])[] {
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

function read(object: object, name: PropertyKey): unknown {
  try {
    const value: unknown = get(object, name);
    // A getter of a prototype of streams rejects. Nobody waits for that.
    if (value instanceof NativePromise) apply(then, value, [() => {}, () => {}]);
    return value;
  } catch {
    return undefined;
  }
}

function replaceAll(all: readonly (readonly [string, object])[]): number {
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
        // It stays as it is.
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

function plant(all: readonly (readonly [string, object])[]): void {
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

/** The forbidden ones that can be reached from what was recorded. */
function findings(): string[] {
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

const isInstance = Function.prototype[Symbol.hasInstance];

export async function job(given: Given): Promise<unknown> {
  const { config } = given;
  const roots: (readonly [string, object])[] = [["globalThis", globalThis]];
  const modules: Record<string, Loose> = {};
  for (const name of config.modules) {
    modules[name] = await import(`node:${name}`);
    roots.push([name, modules[name].default ?? modules[name]], [name, modules[name]]);
  }
  for (const [path, value] of Object.entries({
    "function*": function* () {},
    async: async () => {},
    "async function*": async function* () {},
    generator: (function* () {})(),
    "async generator": (async function* () {})(),
    "[].values()": [].values(),
    "new Map().keys()": new Map().keys(),
    "new Set().keys()": new Set().keys(),
    '"".matchAll()': "".matchAll(/x/g),
    '""[Symbol.iterator]()': ""[Symbol.iterator](),
    "Iterator.from()": Iterator.from({ next: () => ({ done: true as const, value: undefined }) }),
    "[].values().map()": [].values().map(String),
    "new Headers().keys()": new Headers().keys(),
    "new URLSearchParams().keys()": new URLSearchParams().keys(),
    "new FormData().keys()": new FormData().keys(),
  })) {
    roots.push([path, value]);
  }
  const all = reach(roots);
  for (const own of [given, recorded, recordedValues, known, replacements, FORBIDDEN, modules, roots, all]) {
    known.add(own);
  }
  const chosen = all.filter(([path]) => path.startsWith(config.only));
  Error.prepareStackTrace = (error, frames) => {
    if (!isOff) {
      for (let index = 0; index < frames.length; index++) {
        record(frames[index], "a frame");
        record(frames[index]?.getThis(), "the this of a frame");
        record(frames[index]?.getFunction(), "the function of a frame");
      }
      record(error, "prepareStackTrace");
    }
    let stack = textOf((error as Error)?.message);
    for (let index = 0; index < frames.length; index++) stack += `\n    at ${frames[index]}`;
    return stack;
  };
  const did: string[] = [];
  const acts = actions(given, modules);
  const replaced = replaceAll(chosen);
  plant(chosen);
  for (let index = 0; index < acts.length; index++) {
    const [name, act] = acts[index] as readonly [string, () => unknown];
    let outcome = "done";
    isOff = false;
    try {
      const timeout = new Promise((resolve) => startTimer(resolve, 400, "late"));
      outcome = (await Promise.race([act(), timeout])) === "late" ? "late" : "done";
    } catch (error) {
      try {
        outcome = `threw ${(error as Error)?.message}`;
      } catch {
        outcome = "threw";
      }
    }
    isOff = true;
    append(did, `${name}: ${outcome}`);
  }
  return { replaced, recorded: recorded.length, reached: all.length, found: findings(), did };
}

const scope = globalThis as Loose;
const importOf = (specifier: string, options?: ImportCallOptions): Promise<unknown> => import(specifier, options);

/** What Deno and Node do for a job. */
function actions(given: Given, modules: Record<string, Loose>): (readonly [string, () => unknown])[] {
  const { log, data, objects, progress, config } = given;
  const chunk = new Uint8Array([1, 2, 3]);
  const deno = scope.Deno;
  const streamOf = (value: unknown) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(value);
        controller.close();
      },
    });
  const drain = async (stream: ReadableStream) => {
    for await (const each of stream) void each;
  };
  const list: (readonly [string, () => unknown])[] = [
    ...["log", "info", "warn", "error", "debug", "dir", "dirxml", "trace", "group", "groupEnd", "count"].map(
      (name) =>
        [
          `console.${name}`,
          () => (console as Loose)[name]({ a: [1, new Map([[1, new Set([2])]])] }, new Error("x")),
        ] as const,
    ),
    [
      "console of odd things",
      () =>
        console.log(
          new Proxy({}, {}),
          new URL("http://x"),
          new Blob([]),
          chunk,
          Promise.resolve(1),
          new (class A {
            get x() {
              return 1;
            }
          })(),
          Symbol("x"),
          new Headers(),
          new Event("x"),
          /x/,
          new Date(0),
          globalThis.process,
        ),
    ],
    [
      "console.time",
      () => {
        console.time("x");
        console.timeLog("x");
        console.timeEnd("x");
        console.assert(false, "x");
      },
    ],
    [
      "log",
      () => {
        log.debug("x");
        log.info("x");
        log.warn("x");
        log.error("x");
      },
    ],
    ["progress", () => progress(0.1, "x")],
    ["data.list", () => data.list()],
    ["data.text", () => data.text("rates.csv")],
    [
      "objects",
      async () => {
        await objects.getOrElseCreate("made", () => ({ rows: [1], map: new Map(), bytes: new Uint8Array(3) }));
        await objects.update("x", { y: 1 });
        await objects.get("x");
        await objects.list();
        await objects.forget("x");
      },
    ],
    [
      "streams",
      async () => {
        const [a, b] = streamOf("x").tee();
        await drain(a.pipeThrough(new TextEncoderStream()).pipeThrough(new TextDecoderStream()));
        await drain(b.pipeThrough(new TransformStream()));
      },
    ],
    [
      "byte streams",
      async () => {
        const stream = new ReadableStream({
          type: "bytes",
          pull(controller) {
            controller.enqueue(new Uint8Array(4));
            controller.close();
          },
        });
        const reader = stream.getReader({ mode: "byob" });
        await reader.read(new Uint8Array(2));
        await reader.cancel();
      },
    ],
    [
      "compression",
      () =>
        drain(
          streamOf(chunk)
            .pipeThrough(new CompressionStream("gzip") as Loose)
            .pipeThrough(new DecompressionStream("gzip") as Loose),
        ),
    ],
    [
      "writable stream",
      async () => {
        const writer = new WritableStream({ write() {} }).getWriter();
        await writer.write(1);
        await writer.abort("x");
      },
    ],
    [
      "timers",
      () =>
        new Promise((resolve) => {
          const each = setInterval(() => {
            clearInterval(each);
            setTimeout(resolve, 1, {});
          }, 1);
        }),
    ],
    ["queueMicrotask", () => new Promise<void>((resolve) => queueMicrotask(resolve))],
    ["fetch data:", async () => (await fetch("data:text/plain,x")).text()],
    [
      "fetch blob:",
      async () => {
        const url = URL.createObjectURL(new Blob(["x"]));
        await (await fetch(url)).blob();
        URL.revokeObjectURL(url);
      },
    ],
    [
      "fetch refused",
      () =>
        fetch("http://10.0.0.1:1/", {
          method: "POST",
          body: streamOf(chunk),
          signal: AbortSignal.timeout(50),
          duplex: "half",
        } as Loose),
    ],
    ["fetch file:", () => fetch("file:///etc/passwd")],
    [
      "WebSocket",
      () => {
        new WebSocket("ws://10.0.0.1:1/").onerror = () => {};
      },
    ],
    [
      "EventSource",
      () => {
        const source = new EventSource("http://10.0.0.1:1/");
        source.onerror = () => source.close();
        source.close();
      },
    ],
    [
      "crypto.subtle",
      async () => {
        await crypto.subtle.digest("SHA-256", chunk);
        const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt"]);
        const iv = crypto.getRandomValues(new Uint8Array(12));
        await crypto.subtle.decrypt(
          { name: "AES-GCM", iv },
          key,
          await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, chunk),
        );
        await crypto.subtle.exportKey("jwk", key);
        crypto.randomUUID();
        structuredClone(key);
      },
    ],
    [
      "structuredClone",
      () => structuredClone({ a: new Map([[1, new Error("x")]]), b: chunk, c: new Date(), d: new Blob([]) }),
    ],
    ["structuredClone refused", () => structuredClone(() => {})],
    [
      "MessageChannel",
      () => {
        const It = scope.MessageChannel;
        const { port1, port2 } = new It();
        known.add(port1);
        known.add(port2);
        port1.postMessage(1);
        port1.close();
      },
    ],
    [
      "abort",
      async () => {
        const controller = new AbortController();
        AbortSignal.any([controller.signal, AbortSignal.timeout(5)]).addEventListener("abort", () => {});
        controller.abort("x");
        await new Promise((resolve) => {
          AbortSignal.timeout(2).onabort = resolve;
        });
      },
    ],
    [
      "events",
      () => {
        const target = new EventTarget();
        target.addEventListener("x", { handleEvent() {} }, { once: true });
        target.dispatchEvent(new CustomEvent("x", { detail: {} }));
        scope.dispatchEvent(new Event("x"));
      },
    ],
    [
      "URL",
      () => {
        const url = new URL("http://a/b?c=d");
        url.searchParams.append("x", "y");
        void url.href;
        new URLPattern({ pathname: "/:x" }).exec("http://a/b");
      },
    ],
    [
      "bodies",
      async () => {
        const form = new FormData();
        form.append("a", new File(["x"], "x.txt"));
        const request = new Request("http://a/", { method: "POST", body: form, headers: [["a", "b"]] });
        await request.clone().formData();
        await new Response(new URLSearchParams("a=b")).formData();
        await Response.json({}).json();
        await new Response(streamOf(chunk)).arrayBuffer();
        await new Blob(["x"]).slice(0, 1).text();
        for (const each of request.headers) void each;
      },
    ],
    [
      "FileReader",
      () =>
        new Promise((resolve) => {
          const reader = new scope.FileReader();
          reader.onload = resolve;
          reader.readAsText(new Blob(["x"]));
        }),
    ],
    [
      "WebAssembly",
      async () => {
        const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
        await scope.WebAssembly.instantiate(bytes);
        await scope.WebAssembly.compileStreaming(
          new Response(bytes, { headers: { "content-type": "application/wasm" } }),
        );
      },
    ],
    [
      "Intl",
      () => {
        new Intl.DateTimeFormat("de").formatToParts(new Date());
        new Intl.NumberFormat("de").format(1);
        ["a"].sort(new Intl.Collator("de").compare);
      },
    ],
    ["import data:", () => importOf("data:text/javascript,export default 1")],
    ["import data: that throws", () => importOf("data:text/javascript,throw new Error('x')")],
    ["import JSON", () => importOf("data:application/json,{}", { with: { type: "json" } })],
    ["import refused", () => import("node:vm")],
    ["import npm:", () => importOf("npm:x")],
    ["import file:", () => importOf("file:///x.js")],
    [
      "a module that imports",
      async () =>
        import(
          `data:text/javascript,${encodeURIComponent("import fs from 'node:fs'; import { Worker } from 'node:worker_threads'; export { fs };")}`
        ),
    ],
    ...config.modules.map((name) => [`import ${name}`, () => import(`node:${name}`)] as const),
    ...config.modules.map(
      (name) => [`getBuiltinModule ${name}`, () => (process as Loose).getBuiltinModule(`node:${name}`)] as const,
    ),
    [
      "node:stream",
      async () => {
        const { Readable, PassThrough, Writable } = modules.stream;
        await modules["stream/promises"].pipeline(
          Readable.from(["a", "b"]),
          new PassThrough(),
          new Writable({
            write(_a: unknown, _b: unknown, done: () => void) {
              done();
            },
          }),
        );
        await Readable.from(["a"])
          .map((x: unknown) => x)
          .toArray();
        await drain(Readable.toWeb(Readable.from([chunk])));
        Readable.fromWeb(streamOf("x")).resume();

        await modules["stream/consumers"].text(Readable.from(["a"]));
      },
    ],
    [
      "node:events",
      async () => {
        const { EventEmitter, once, on, setMaxListeners } = modules.events;
        const emitter = new EventEmitter({ captureRejections: true });
        emitter.on("error", () => {});
        setTimeout(() => emitter.emit("x", 1), 1);
        await once(emitter, "x");
        setMaxListeners(1, emitter, new EventTarget());
        emitter
          .on("y", async () => {
            throw new Error("x");
          })
          .on("y", () => {})
          .emit("y");
        for (let index = 0; index < 20; index++) emitter.on("z", () => {});
        const target = new EventTarget();
        on(emitter, "x", { signal: AbortSignal.timeout(5) })
          .next()
          .catch(() => {});
        target.addEventListener("x", () => {});
      },
    ],
    ["node:events, an error nobody takes", () => new modules.events.EventEmitter().emit("error", new Error("x"))],
    [
      "node:fs",
      () => {
        for (const name of ["readFileSync", "statSync", "existsSync", "openSync", "readdirSync"]) {
          try {
            modules.fs[name]?.("/etc/passwd");
          } catch {}
        }
      },
    ],
    [
      "node:fs with callbacks",
      () =>
        new Promise((resolve) => {
          try {
            modules.fs.readFile("/etc/passwd", resolve);
          } catch {
            resolve(1);
          }
        }),
    ],
    [
      "node:fs streams",
      () => {
        try {
          modules.fs.createReadStream("/etc/passwd").on("error", () => {});
        } catch {}
        try {
          modules.fs.createWriteStream("/tmp/x").on("error", () => {});
        } catch {}
      },
    ],
    ["node:fs/promises", () => modules["fs/promises"].readFile("/etc/passwd")],
    [
      "node:zlib",
      async () => {
        const zlib = modules.zlib;
        zlib.gunzipSync(zlib.gzipSync("x"));
        zlib.brotliDecompressSync(zlib.brotliCompressSync("x"));
        await new Promise((resolve) => zlib.deflate("x", resolve));
        await new Promise((resolve) =>
          zlib
            .createGzip()
            .on("data", () => {})
            .on("end", resolve)
            .end("x"),
        );
        zlib.crc32("x");
      },
    ],
    [
      "node:zlib, damaged",
      async () => {
        try {
          modules.zlib.gunzipSync("x");
        } catch {}
        await new Promise((resolve) => modules.zlib.gunzip("x", resolve));
        await new Promise((resolve) => modules.zlib.createGunzip().on("error", resolve).end("x"));
      },
    ],
    [
      "node:crypto",
      async () => {
        const it = modules.crypto;
        it.createHash("sha256").update("x").digest("hex");
        it.createHmac("sha256", "k").update("x").digest();
        it.randomBytes(4);
        await new Promise((resolve) => it.randomBytes(4, resolve));
        const cipher = it.createCipheriv("aes-128-gcm", it.randomBytes(16), it.randomBytes(12));
        cipher.update("x");
        cipher.final();
        await new Promise((resolve) => it.pbkdf2("x", "y", 1, 8, "sha1", resolve));
        await new Promise((resolve) => it.scrypt("x", "y", 8, { N: 16 }, resolve));
        const pair = it.generateKeyPairSync("ec", { namedCurve: "P-256" });
        it.sign("sha256", chunk, pair.privateKey);
        pair.publicKey.export({ type: "spki", format: "pem" });
        it.randomUUID();
        it.timingSafeEqual(chunk, chunk);
        it.hkdfSync("sha256", "x", "y", "z", 8);

        await new Promise((resolve) => it.generateKeyPair("ec", { namedCurve: "P-256" }, resolve));
      },
    ],
    [
      "node:crypto refused",
      () => {
        try {
          modules.crypto.createHash("none");
        } catch {}
        try {
          0;
        } catch {}
      },
    ],
    [
      "node:buffer",
      async () => {
        const { Buffer, Blob: It, transcode } = modules.buffer;
        Buffer.concat([Buffer.from("x"), Buffer.alloc(2)]).toString("base64");
        transcode?.(Buffer.from("x"), "utf8", "latin1");
        await new It(["x"]).text();
        Buffer.from({ length: 1, 0: 1 });
        new Buffer(1);
      },
    ],
    [
      "node:util",
      async () => {
        const util = modules.util;
        util.inspect(
          { a: [1, new Map([[{}, new Proxy({}, {})]])], globalThis, process, custom: 1 },
          { depth: 4, showHidden: true, showProxy: true, getters: true },
        );
        util.inspect({
          [util.inspect.custom]() {
            return "x";
          },
        });
        util.format("%o %s %j %d", {}, {}, {}, 1);
        await util.promisify((done: (error: null, x: number) => void) => done(null, 1))();
        util.callbackify(async () => {
          throw new Error("x");
        })(() => {});
        util.deprecate(() => {}, "old", "DEP7")();
        util.debuglog("x")("y");
        util.isDeepStrictEqual({}, {});
        util.styleText?.("red", "x");
        util.parseArgs?.({ args: [], options: {} });
        util.getCallSites?.();
        util.inherits(function A() {}, modules.events.EventEmitter);
        util.types.isProxy({});
        util.aborted?.(new AbortController().signal, {});
        new util.TextDecoder().decode(chunk);
        util.getSystemErrorName?.(-2);
        util.getSystemErrorMap?.();
      },
    ],
    [
      "node:timers/promises",
      async () => {
        await modules["timers/promises"].setTimeout(1);
        await modules["timers/promises"].setImmediate();
        for await (const _ of modules["timers/promises"].setInterval(1)) break;
        await modules["timers/promises"].scheduler?.wait(1);
        await modules["timers/promises"].setTimeout(50, 1, { signal: AbortSignal.timeout(2) }).catch(() => {});
      },
    ],
    [
      "node:timers",
      () =>
        new Promise((resolve) => {
          modules.timers.setImmediate(() => {
            const each = modules.timers.setTimeout(resolve, 1);
            each.unref();
            each.ref();
            each.refresh();
            each.hasRef();
          });
        }),
    ],
    [
      "node:async_hooks",
      () => {
        const { AsyncLocalStorage, AsyncResource, executionAsyncResource } = modules.async_hooks;
        const storage = new AsyncLocalStorage();
        storage.run({}, () => AsyncLocalStorage.snapshot()(() => storage.getStore()));
        storage.enterWith(1);
        new AsyncResource("x").runInAsyncScope(() => {});
        executionAsyncResource?.();
      },
    ],
    [
      "node:assert",
      () => {
        try {
          modules.assert.deepStrictEqual({ a: 1 }, { a: 2 });
        } catch {}
        try {
          modules.assert(false);
        } catch {}
      },
    ],
    [
      "node:diagnostics_channel",
      () => {
        const it = modules.diagnostics_channel;
        for (const name of [
          "http.client.request.start",
          "net.client.socket",
          "worker_threads",
          "module.import",
          "console.log",
        ])
          it.subscribe(name, () => {});
        it.tracingChannel("x").traceSync(() => {});
        it.channel("a").subscribe(() => {});
        it.channel("a").publish({});
      },
    ],
    [
      "node:perf_hooks",
      () => {
        const it = modules.perf_hooks;
        try {
          new it.PerformanceObserver(() => {}).observe({ entryTypes: ["mark"] });
        } catch {}
        it.createHistogram?.().record(1);
        it.performance.timerify?.(() => {})();
        it.performance.eventLoopUtilization?.();
        it.performance.toJSON();
      },
    ],
    [
      "node:readline",
      async () => {
        const it = modules.readline.createInterface({
          input: modules.stream.Readable.from(["a\n", "b\n"]),
          output: new modules.stream.PassThrough(),
        });
        for await (const line of it) void line;
      },
    ],
    [
      "node:string_decoder",
      () => new modules.string_decoder.StringDecoder("utf8").end(modules.buffer.Buffer.from("x")),
    ],
    [
      "node:url",
      () => {
        modules.url.parse("http://a/b");
        modules.url.format({ host: "x" });
        modules.url.fileURLToPath("file:///x");
        modules.url.domainToASCII("ü");
      },
    ],
    [
      "node:v8",
      () => {
        const it = modules.v8;
        it.deserialize(it.serialize({ a: new Map([[1, chunk]]) }));
        new it.Serializer().writeValue({});
        it.getHeapStatistics?.();
      },
    ],
    [
      "node:dns",
      async () => {
        modules.dns?.lookup("localhost", () => {});
        await modules["dns/promises"]?.lookup("x.invalid");
      },
    ],
    [
      "node:worker_threads",
      () => {
        const it = modules.worker_threads;
        it?.receiveMessageOnPort?.({});
      },
    ],
    ["node:tty", () => modules.tty?.isatty(1)],
    [
      "node:os",
      () => {
        for (const name of ownKeys(modules.os.default)) {
          try {
            modules.os[name]();
          } catch {}
        }
      },
    ],
    ["node:querystring", () => modules.querystring.parse("a=b")],
    ["node:path", () => modules.path.resolve("x")],
    [
      "process.emitWarning",
      () => {
        process.emitWarning("x");
        process.emitWarning("x", { type: "DeprecationWarning", code: "DEP9" });
        process.emitWarning(new Error("x"));
      },
    ],
    ["process.nextTick", () => new Promise((resolve) => process.nextTick(resolve, {}))],
    [
      "process",
      () => {
        for (const name of ["hrtime", "memoryUsage", "uptime", "cwd", "cpuUsage", "resourceUsage"])
          (process as Loose)[name]?.();
        process.once("exit", () => {});
        process.on("uncaughtException", () => {});
        (process as Loose).emit("x");
        process.stdout.write("x\n");
        process.stderr.write("x\n");
      },
    ],
    [
      "too many listeners",
      () => {
        for (let index = 0; index < 30; index++) process.on("warning", () => {});
      },
    ],
    [
      "performance",
      () => {
        performance.mark("x", { detail: {} });
        performance.measure("y", "x");
        performance.getEntries();
        performance.clearMarks();
        performance.toJSON();
      },
    ],
    [
      "Deno",
      async () => {
        for (const name of ownKeys(deno)) {
          if (name === "exit" || name === "connect" || name === "connectTls") continue;
          const value = read(deno, name);
          if (typeof value === "function") {
            try {
              await Promise.race([apply(value, deno, ["x", {}]), new Promise((resolve) => startTimer(resolve, 2))]);
            } catch {}
            try {
              construct(value, ["x"]);
            } catch {}
          }
        }
      },
    ],
    [
      "Deno.inspect",
      () =>
        deno.inspect(
          { a: new Map([[1, process]]), b: globalThis },
          { depth: 5, showProxy: true, getters: true, showHidden: true },
        ),
    ],
    [
      "Deno.stdout",
      async () => {
        await deno.stdout.write(chunk);
        deno.stdout.writeSync(chunk);
      },
    ],
    ["Deno.connect refused", () => deno.connect({ hostname: "10.0.0.1", port: 1 })],
    ["Deno.connectTls refused", () => deno.connectTls({ hostname: "10.0.0.1", port: 1 })],
    ["Deno.resolveDns", () => deno.resolveDns?.("x.invalid", "A")],
    [
      "errors",
      () => {
        const error = new Error("x", { cause: new AggregateError([new Error("y")]) });
        void error.stack;
        defineProperty(error, "stack", {
          get() {
            return "z";
          },
        });
        console.error(error);
        Error.captureStackTrace({});
      },
    ],
    [
      "DOMException",
      () => {
        void new DOMException("x", "AbortError").stack;
        console.log(new DOMException("x"));
      },
    ],
    [
      "navigator",
      () => {
        for (const name of ownKeys(getPrototypeOf(navigator) as object)) read(navigator, name);
      },
    ],
    [
      "eval",
      () => {
        try {
          new Function("syntax error");
        } catch {}
        new Function("return 1")();
      },
    ],
    [
      "atob",
      () => {
        atob(btoa("x"));
        try {
          atob("?");
        } catch {}
      },
    ],
    [
      "finalization",
      () => {
        new FinalizationRegistry(() => {}).register({}, 1);
        new WeakRef({}).deref();
      },
    ],
    [
      "Atomics",
      () => {
        const view = new Int32Array(new SharedArrayBuffer(4));
        known.add(view);
        return Atomics.waitAsync(view, 0, 0, 1).value;
      },
    ],
    [
      "prompts",
      () => {
        const it = globalThis as Loose;
        it.alert?.("x");
      },
    ],
    ["FileReader and files", () => new Response(new File(["x"], "y")).blob()],
    [
      "image data",
      () => {
        const it = globalThis as Loose;
        if (it.ImageData) new it.ImageData(1, 1);
        if (it.DOMMatrix) new it.DOMMatrix([1, 0, 0, 1, 0, 0]);
      },
    ],
  ];
  if (config.http !== undefined) list.push(...networkActions(config.http, config.tcp as number, modules));
  return list;
}

function networkActions(
  http: number,
  tcp: number,
  modules: Record<string, Loose>,
): (readonly [string, () => unknown])[] {
  const deno = scope.Deno;
  const bytes = new Uint8Array([104, 105, 10]);
  return [
    [
      "Deno.connect",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        it.setNoDelay?.();
        it.setKeepAlive?.();
        await it.write(bytes);
        await it.read(new Uint8Array(8));
        void it.localAddr;
        it.ref?.();
        it.unref?.();
        await it.closeWrite();
        it.close();
      },
    ],
    [
      "Deno.connect, its streams",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        const writer = it.writable.getWriter();
        await writer.write(bytes);
        const reader = it.readable.getReader();
        await reader.read();
        await writer.close();
        await reader.cancel();
      },
    ],
    [
      "Deno.startTls",
      async () => {
        const it = await deno.connect({ hostname: "127.0.0.1", port: tcp });
        try {
          await deno.startTls?.(it, { hostname: "localhost" });
        } finally {
          it.close();
        }
      },
    ],
    [
      "fetch",
      async () => {
        await (await fetch(`http://127.0.0.1:${http}/`)).text();
      },
    ],
    [
      "fetch, posted",
      async () => {
        const it = await fetch(`http://127.0.0.1:${http}/`, {
          method: "POST",
          body: new Blob(["x"]).stream(),
          duplex: "half",
        } as Loose);
        for await (const each of it.body as Loose) void each;
      },
    ],
    [
      "fetch, aborted",
      async () => {
        const controller = new AbortController();
        const it = fetch(`http://127.0.0.1:${http}/slow`, { signal: controller.signal });
        controller.abort();
        await it;
      },
    ],
    [
      "node:net",
      () =>
        new Promise((resolve, reject) => {
          const it = modules.net.connect(tcp, "127.0.0.1");
          it.on("data", () => it.end());
          it.on("close", resolve);
          it.on("error", reject);
          it.setKeepAlive(true);
          it.setTimeout(1000);
          it.write("hi\n");
        }),
    ],
    [
      "node:net refused",
      () =>
        new Promise((resolve) => {
          modules.net.connect(1, "127.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:net elsewhere",
      () =>
        new Promise((resolve) => {
          modules.net.connect(1, "10.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:http",
      () =>
        new Promise((resolve, reject) => {
          modules.http
            .get(`http://127.0.0.1:${http}/`, (it: Loose) => it.resume().on("end", resolve))
            .on("error", reject);
        }),
    ],
    [
      "node:http, posted",
      () =>
        new Promise((resolve, reject) => {
          const it = modules.http.request(
            `http://127.0.0.1:${http}/`,
            { method: "POST", agent: new modules.http.Agent({ keepAlive: true }) },
            (response: Loose) => response.resume().on("end", resolve),
          );
          it.on("error", reject);
          it.end("x");
        }),
    ],
    [
      "node:http, aborted",
      () =>
        new Promise((resolve) => {
          const it = modules.http.get(`http://127.0.0.1:${http}/slow`);
          it.on("error", resolve);
          it.destroy();
        }),
    ],
    [
      "node:https",
      () =>
        new Promise((resolve) => {
          modules.https.get(`https://127.0.0.1:${http}/`).on("error", resolve);
        }),
    ],
    [
      "node:tls",
      () =>
        new Promise((resolve) => {
          modules.tls.connect(http, "127.0.0.1").on("error", resolve);
        }),
    ],
    [
      "node:http2",
      () =>
        new Promise((resolve) => {
          const it = modules.http2.connect(`http://127.0.0.1:${http}`);
          it.on("error", resolve);
          it.on("close", resolve);
          setTimeout(() => it.destroy(), 50);
        }),
    ],
    [
      "WebSocket to a server",
      () =>
        new Promise((resolve) => {
          const it = new WebSocket(`ws://127.0.0.1:${http}/`);
          it.onclose = resolve;
          it.onerror = resolve;
        }),
    ],
    [
      "EventSource of a server",
      () =>
        new Promise((resolve) => {
          const it = new EventSource(`http://127.0.0.1:${http}/`);
          it.onerror = () => {
            it.close();
            resolve(1);
          };
        }),
    ],
  ];
}
