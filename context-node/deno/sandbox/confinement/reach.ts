/**
 * What a job can reach, by name: the allow-lists. What is in no list is absent, so a new version of Deno brings jobs nothing new by itself.
 * `docs/jobs.md` shows these lists to authors of jobs; a test compares the two.
 */

/** Own properties of the global object that stay: those of the language. */
export const LANGUAGE: readonly string[] = [
  ...["Object", "Function", "Array", "Number", "Boolean", "String", "Symbol", "BigInt", "Date", "Promise", "RegExp"],
  ...["Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
  ...["SuppressedError", "DisposableStack", "AsyncDisposableStack", "JSON", "Math", "Intl", "Reflect", "Proxy"],
  ...["ArrayBuffer", "SharedArrayBuffer", "Atomics", "DataView", "Int8Array", "Uint8Array", "Uint8ClampedArray"],
  ...["Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array", "Float16Array"],
  ...[
    "Float32Array",
    "Float64Array",
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "WeakRef",
    "FinalizationRegistry",
    "Iterator",
  ],
  ...["Temporal", "WebAssembly", "globalThis", "undefined", "NaN", "Infinity", "eval", "parseInt", "parseFloat"],
  ...["isNaN", "isFinite", "encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent", "escape", "unescape"],
];

/** Those of the web platform, of Node and of Deno. */
export const PLATFORM: readonly string[] = [
  ...["fetch", "Request", "Response", "Headers", "FormData", "WebSocket", "EventSource", "URL", "URLPattern"],
  ...["URLSearchParams", "Blob", "File", "FileReader", "TextEncoder", "TextDecoder", "TextEncoderStream"],
  ...["TextDecoderStream", "CompressionStream", "DecompressionStream", "ReadableStream", "ReadableStreamDefaultReader"],
  ...["ReadableStreamDefaultController", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest"],
  ...["ReadableByteStreamController", "WritableStream", "WritableStreamDefaultWriter"],
  ...["WritableStreamDefaultController", "TransformStream", "TransformStreamDefaultController"],
  ...["ByteLengthQueuingStrategy", "CountQueuingStrategy", "AbortController", "AbortSignal", "Event", "EventTarget"],
  ...["CustomEvent", "ErrorEvent", "MessageEvent", "CloseEvent", "ProgressEvent", "PromiseRejectionEvent"],
  ...["MessageChannel", "MessagePort", "DOMException", "QuotaExceededError", "DOMMatrix", "DOMMatrixReadOnly"],
  ...["DOMPoint", "DOMPointReadOnly", "DOMQuad", "DOMRect", "DOMRectReadOnly", "ImageData", "crypto", "Crypto"],
  ...["CryptoKey", "SubtleCrypto", "performance", "Performance", "PerformanceEntry", "PerformanceMark"],
  ...["PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList", "console", "structuredClone"],
  ...["queueMicrotask", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "atob", "btoa", "reportError"],
  ...["navigator", "self", "close"],
  ...["Buffer", "process", "global", "setImmediate", "clearImmediate", "Deno"],
];

/** Properties of `navigator` that stay. */
export const NAVIGATOR: readonly string[] = [
  ...["constructor", "hardwareConcurrency", "userAgent", "userAgentData", "language", "languages", "platform"],
];

/** Properties of `Deno` that stay. What connects is bounded by the permissions of the context. */
export const DENO: readonly string[] = [
  ...["version", "build", "errors", "inspect", "noColor", "memoryUsage", "refTimer", "unrefTimer", "exit"],
  ...["connect", "connectTls", "startTls", "resolveDns", "createHttpClient", "HttpClient"],
];

/** Functions of `Deno` that programs look for: instead of being absent they throw an error that says why a job has none of them. */
export const REFUSED_DENO_FUNCTIONS: Readonly<Record<string, string>> = refusals({
  "a job has no file system; read uploaded files with `data`": [
    ...["open", "openSync", "create", "createSync", "readFile", "readFileSync", "readTextFile", "readTextFileSync"],
    ...["writeFile", "writeFileSync", "writeTextFile", "writeTextFileSync", "readDir", "readDirSync", "readLink"],
    ...["readLinkSync", "realPath", "realPathSync", "stat", "statSync", "lstat", "lstatSync", "mkdir", "mkdirSync"],
    ...["makeTempDir", "makeTempDirSync", "makeTempFile", "makeTempFileSync", "remove", "removeSync", "rename"],
    ...["renameSync", "copyFile", "copyFileSync", "truncate", "truncateSync", "chmod", "chmodSync", "chown"],
    ...["chownSync", "link", "linkSync", "symlink", "symlinkSync", "utime", "utimeSync", "watchFs", "cwd", "chdir"],
    ...["umask", "FsFile"],
  ],
  "a job starts, signals and inspects no processes": [
    ...["Command", "ChildProcess", "spawn", "spawnAndWait", "spawnAndWaitSync", "kill", "addSignalListener"],
    ...["removeSignalListener", "execPath"],
  ],
  "a job does not listen on the network": [
    "listen",
    "listenTls",
    "listenDatagram",
    "serve",
    "serveHttp",
    "upgradeWebSocket",
  ],
  "a job loads no native code": ["dlopen", "UnsafeCallback", "UnsafePointer", "UnsafePointerView", "UnsafeFnPointer"],
  "a job does not see the machine that it runs on": [
    ...["hostname", "osRelease", "osUptime", "loadavg", "networkInterfaces", "systemMemoryInfo", "uid", "gid"],
    ...["consoleSize", "cpuUsage"],
  ],
});

/** Properties of Node's `process` that stay. Others of the `process` of jobs are made for them (see job_process.ts). */
export const PROCESS: readonly string[] = [
  ...["version", "versions", "platform", "arch", "release", "features", "hrtime", "nextTick", "uptime"],
  ...["memoryUsage", "emitWarning"],
];

/** Modules of Node that a job gets as they are. */
export const WHOLE_MODULES: readonly string[] = [
  ...[
    "assert",
    "assert/strict",
    "buffer",
    "constants",
    "crypto",
    "diagnostics_channel",
    "events",
    "path",
    "path/posix",
  ],
  ...["path/win32", "perf_hooks", "punycode", "querystring", "readline", "readline/promises", "stream"],
  ...["stream/consumers", "stream/promises", "stream/web", "string_decoder", "sys", "timers", "timers/promises", "url"],
  ...["util", "util/types", "zlib"],
];

/**
 * Modules of Node of which a job gets the exports that are listed; calling another one throws. A module without any can be imported, so that
 * libraries load that need it only on ways that a job never takes.
 */
export const PARTIAL_MODULES: Readonly<Record<string, PartialModule>> = {
  async_hooks: {
    exports: ["AsyncLocalStorage", "AsyncResource", "executionAsyncId", "triggerAsyncId"],
    why: "a job does not watch the resources of its executor",
  },
  os: {
    exports: ["EOL", "constants", "devNull", "platform", "arch", "endianness", "availableParallelism", "type"],
    why: "a job does not see the machine that it runs on",
  },
  v8: {
    exports: ["serialize", "deserialize", "getHeapStatistics"],
    why: "a job does not change or inspect the engine of its executor",
  },
  tty: { exports: [], replaced: { isatty: () => false }, why: "a job has no terminal" },
  fs: {
    exports: ["constants"],
    namespaces: ["promises"],
    why: "a job has no file system; read uploaded files with `data`",
  },
  "fs/promises": { exports: ["constants"], why: "a job has no file system; read uploaded files with `data`" },
  child_process: { exports: [], why: "a job starts no processes" },
  vm: { exports: [], why: "a job has one global scope, its executor's" },
  dgram: { exports: [], why: "a job sends no datagrams" },
};

export interface PartialModule {
  readonly exports: readonly string[];
  /** Exports that are objects of functions: they can be looked into, and their functions throw too. */
  readonly namespaces?: readonly string[];
  /** What stands in the place of an export that libraries call when they are loaded. */
  readonly replaced?: Readonly<Record<string, unknown>>;
  /** Ends the sentence "Cannot use <export> of <module>: …". */
  readonly why: string;
}

const NO_SERVER = "a job does not listen on the network";

export interface NetworkModule extends PartialModule {
  /** What works in a context that grants no network, too. */
  readonly offline?: readonly string[];
}

/** The same for modules that connect, of contexts that grant addresses. */
export const NETWORK_MODULES: Readonly<Record<string, NetworkModule>> = {
  dns: {
    exports: [
      ...["lookup", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname", "resolveMx", "resolveNs"],
      ...["resolvePtr", "resolveSoa", "resolveSrv", "resolveTxt", "promises", "ADDRCONFIG", "V4MAPPED", "ALL"],
    ],
    why: "a job resolves names only",
  },
  "dns/promises": {
    exports: [
      ...["lookup", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCname", "resolveMx", "resolveNs"],
      ...["resolvePtr", "resolveSoa", "resolveSrv", "resolveTxt"],
    ],
    why: "a job resolves names only",
  },
  net: {
    exports: [
      ...["connect", "createConnection", "Socket", "Stream", "isIP", "isIPv4", "isIPv6", "SocketAddress"],
      ...["getDefaultAutoSelectFamily", "setDefaultAutoSelectFamily"],
      ...["getDefaultAutoSelectFamilyAttemptTimeout", "setDefaultAutoSelectFamilyAttemptTimeout"],
    ],
    offline: ["isIP", "isIPv4", "isIPv6"],
    why: NO_SERVER,
  },
  tls: {
    exports: [
      ...["connect", "TLSSocket", "createSecureContext", "SecureContext", "getCiphers"],
      ...["checkServerIdentity", "DEFAULT_MIN_VERSION", "DEFAULT_MAX_VERSION", "DEFAULT_CIPHERS"],
      "DEFAULT_ECDH_CURVE",
    ],
    why: NO_SERVER,
  },
  http: {
    exports: [
      ...["request", "get", "Agent", "globalAgent", "ClientRequest", "IncomingMessage", "OutgoingMessage", "METHODS"],
      ...["STATUS_CODES", "maxHeaderSize", "validateHeaderName", "validateHeaderValue"],
    ],
    offline: ["METHODS", "STATUS_CODES", "validateHeaderName", "validateHeaderValue"],
    why: NO_SERVER,
  },
  https: { exports: ["request", "get", "Agent", "globalAgent"], why: NO_SERVER },
  http2: {
    exports: [
      "connect",
      "constants",
      "sensitiveHeaders",
      "getDefaultSettings",
      "getPackedSettings",
      "getUnpackedSettings",
    ],
    offline: ["constants"],
    why: NO_SERVER,
  },
};

/** Modules that the executor makes itself: `process` and `console` as the globals have them. */
export const OWN_MODULES: readonly string[] = ["process", "console"];

function refusals(names: Readonly<Record<string, readonly string[]>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).flatMap(([why, each]) => each.map((name) => [name, why])));
}
