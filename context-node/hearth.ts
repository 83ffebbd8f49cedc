/**
 * What authors of jobs import from `"hearth"`: types only, so nothing of it is part of a bundle.
 *
 * ```ts
 * import type { Job } from "hearth";
 *
 * export const Greeting: Job<{ name: string }, string> = ({ config }) => `Hello, ${config.name}!`;
 * ```
 */

/**
 * A job: a function, or an object with `run` and, if its config needs more than a type, `validate`. Its export's name is
 * its entry point.
 */
export type Job<Config = Record<string, unknown>, Result = unknown> =
  | JobFunction<Config, Result>
  | JobObject<Config, Result>;

/**
 * What it returns, or its promise resolves to, is the job's result, as JSON: a `Map` with simple keys becomes an object, a `Set` and a
 * typed array of numbers an array, a `Date` an ISO string, a `bigint` a number when it is a safe one and else a string, bytes (`Uint8Array`, `ArrayBuffer`)
 * base64, `NaN` and infinities null. Cycles, functions and promises inside fail the job. What it throws is the job's error.
 *
 * A `ReadableStream` of bytes or text, or another async iterable (an `async function*`), is streamed to callers while it is made: the
 * one as its bytes, the other as a JSON array of its values. Its makers wait where callers and disk are slower, and it ends with
 * an error when the signal is aborted.
 */
export type JobFunction<Config = Record<string, unknown>, Result = unknown> = (
  job: JobContext<Config>,
) => Result | Promise<Result>;

export interface JobObject<Config = Record<string, unknown>, Result = unknown> {
  /**
   * Called before `run`. Returns the problems of the config. A job with problems ends REJECTED and does not run. The config may not match
   * its type.
   */
  validate?(job: JobContext<Config>): Problems | Promise<Problems>;
  run(job: JobContext<Config>): Result | Promise<Result>;
}

/**
 * The result of `validate`: one problem as a string, or any number as an iterable of strings. Nothing, an empty string or an empty iterable
 * accepts the config. Any other value, such as `false` or an Error, makes the job fail without running.
 */
export type Problems = string | Iterable<string> | null | undefined;

/**
 * What a module tells about the jobs that it exports, when it exports one under the name `manifest`, as a literal:
 *
 * ```ts
 * export const manifest: Manifest = { permissions: { net: ["api.example.com:443"], secrets: ["api-key"] } };
 * ```
 */
export interface Manifest {
  /** Permissions that its jobs need. In a context with fewer grants they end REJECTED and do not run. It grants nothing itself. */
  readonly permissions?: {
    /** `host` or `host:port` that they connect to. */
    readonly net?: readonly string[] | undefined;
    /** Names of the secrets that their config refers to, as `secret:NAME`. */
    readonly secrets?: readonly string[] | undefined;
  };
}

/** The arguments of a job. */
export interface JobContext<Config = Record<string, unknown>> {
  /** UUID. */
  readonly jobId: string;
  /** The config of the caller, with the values of secrets instead of `secret:NAME`. */
  readonly config: Config;
  /** The context in which it runs, with the settings that its creator gave, by the names that were used; `env` is not among them. */
  readonly context: {
    readonly id: string;
    readonly name: string;
    readonly settings: Readonly<Record<string, unknown>>;
  };
  /**
   * Aborted when the job must stop; its `reason` is a DOMException whose message is `cancelled`, `deadline` or `contextStopped`. A job that
   * continues is terminated after its grace period.
   */
  readonly signal: AbortSignal;
  /**
   * Reports progress: a fraction from 0 to 1, a message, and fields (JSON). Callers see the newest, at most ten per second, and always the
   * last. Throws a TypeError for arguments of other types.
   */
  progress(fraction: number, message?: string, fields?: Readonly<Record<string, unknown>>): void;
  /** The log of the job. `console` writes there too. */
  readonly log: JobLog;
  /** Values that the jobs of a context share by name, for as long as the context lives. */
  readonly objects: NamedObjects;
  /** The uploaded data files. */
  readonly data: DataFiles;
}

/** Each call is a line, formatted as `console.log` does. */
export interface JobLog {
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

/**
 * Objects are structured clones: plain values, maps, dates, typed arrays; no functions, and no classes of your own. An executor clones an
 * object once and hands out that clone to all its jobs, so take it as read-only. A `SharedArrayBuffer` is not copied at all. The objects
 * of a context may take together what its setting `namedObjectsBytes` says, a quarter of its memory unless given; one that does not fit
 * rejects with a `QuotaExceededError`.
 */
export interface NamedObjects {
  /** Undefined when there is no object of that name. */
  get(name: string): Promise<unknown>;
  /**
   * The object of that name, or else what `create` makes. Of jobs that ask at the same time one creates, the others wait; if it fails,
   * its error is its own and the next one creates. Rejects with a `TimeoutError` when there is nothing after `timeoutMs`.
   */
  getOrElseCreate<T>(name: string, create: () => T | Promise<T>, options?: CreateOptions): Promise<T>;
  /**
   * Adds or replaces the object. Rejects with a `QuotaExceededError` when it does not fit. Once it resolves, every job of the context gets
   * the new one.
   */
  update(name: string, value: unknown): Promise<void>;
  /** True when there was one. */
  forget(name: string): Promise<boolean>;
  /** Lists the objects, without those of scope `executor`. */
  list(): Promise<{ readonly name: string; readonly sizeBytes: number; readonly createdAt: Date }[]>;
}

export interface CreateOptions {
  /** Milliseconds after its creation at which the object is forgotten. Default: `Infinity`, never. */
  readonly ttlMs?: number | undefined;
  /** Default 60 seconds; `Infinity` waits without end. */
  readonly timeoutMs?: number | undefined;
  /**
   * `executor` keeps the value itself, without cloning, for the jobs of the same executor: for what cannot be cloned, such as a
   * connection pool. `get`, `update`, `forget` and `list` do not know of it. Default `context`.
   */
  readonly scope?: "context" | "executor" | undefined;
}

/** Files by the name under which they were uploaded. Reading one that does not exist rejects with a `NotFoundError`. */
export interface DataFiles {
  /** The whole file, as UTF-8. */
  text(name: string): Promise<string>;
  bytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The file in pieces; only a few of them are in memory at a time. */
  stream(name: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  list(): Promise<string[]>;
}
