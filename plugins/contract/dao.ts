import type { AuditEntry, Binary, Context, Context_State, File, Job, Job_State, LogLine } from "../../proto/mod.ts";

/**
 * The store of jobs, contexts, binaries and files. Values are the messages of `hearth.v1`. A DAO keeps every field of them, including
 * unknown ones. A write is durable when it resolves: it survives the death of the process and of the machine. Writes of one DAO take effect
 * in the order of the calls, and a read that is called after a write resolved sees it, through every DAO on the same back end. Methods
 * reject only when the back end fails, with a StoreUnavailable when it is unavailable or full; absence is `undefined`, a lost race is
 * `false`. A record that cannot be read (damaged, or of another program) is left out of lists, whose pages are full nonetheless, and a
 * method that returns it alone rejects with an UnreadableRecord. A failed write changes nothing and does not prevent others. Names are
 * ordered by their UTF-8 bytes, times are compared to the nanosecond; pages hold at most `limit` items, and `before` and `after` are
 * exclusive. Disposing a DAO completes the writes that were called; afterwards its methods reject.
 */
export interface Dao extends AsyncDisposable {
  readonly capabilities: DaoCapabilities;
  readonly jobs: JobStore;
  readonly contexts: ContextStore;
  readonly binaries: BinaryStore;
  readonly files: FileStore;
  readonly audit: AuditStore;
  readonly outbox: OutboxStore;
  /** Rejects when the back end does not work, or with the signal's reason. */
  checkHealth(options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

/** Capabilities of the back end. */
export interface DaoCapabilities {
  /** Writes survive the death of the process. False: the promise of durability above does not hold; for tests. */
  readonly durable: boolean;
  /** Several DAOs, and so several gateways, may be open on one back end. */
  readonly shared: boolean;
}

export interface JobStore {
  /**
   * Stores a new job with its submitted config (JSON, UTF-8). The result (JSON, UTF-8) of a job that is already final and the event for the
   * outbox, if given, are stored in the same commit. Resolves to undefined when stored; when its id, or its request id (unless empty), is
   * taken, to the job that has it.
   */
  insert(job: Job, config: Uint8Array, options?: JobWriteOptions): Promise<Job | undefined>;
  get(id: string): Promise<Job | undefined>;
  /**
   * Replaces a job if the stored one has revision `job.revision - 1`; else changes nothing and resolves to false. The result (JSON, UTF-8)
   * and the event for the outbox, if given, are stored in the same commit.
   */
  update(job: Job, options?: JobWriteOptions): Promise<boolean>;
  /** Newest first, that is by id descending. */
  list(filter: JobFilter, page: JobPage): Promise<Job[]>;
  config(id: string): Promise<Uint8Array | undefined>;
  /** The result that was stored with the job, or undefined. */
  result(id: string): Promise<Uint8Array | undefined>;
  /** Appends lines. Existing numbers keep their line. */
  appendLogs(id: string, lines: readonly LogLine[]): Promise<void>;
  /** By number ascending. */
  logs(id: string, page: { after: number; limit: number }): Promise<LogLine[]>;
  /** Deletes a job with its config, result and logs. True when there was one. */
  delete(id: string): Promise<boolean>;
  /** Deletes up to `limit` jobs that ended before that time. Resolves to their number. */
  deleteEnded(before: Date, options: { limit: number }): Promise<number>;
  /** Whether any job's result has this digest. */
  uses(digest: string): Promise<boolean>;
}

export interface JobWriteOptions {
  /** JSON, UTF-8. */
  readonly result?: Uint8Array | undefined;
  readonly event?: OutboxEvent | undefined;
}

/** All given conditions must hold. */
export interface JobFilter {
  /** Any of these states; empty or absent means all. */
  readonly states?: readonly Job_State[] | undefined;
  readonly contextId?: string | undefined;
  /** Name of the context. */
  readonly context?: string | undefined;
  /** Name of the binary. */
  readonly binary?: string | undefined;
  readonly binaryDigest?: string | undefined;
  /** Only jobs whose `end_time` is earlier. */
  readonly endedBefore?: Date | undefined;
}

export interface JobPage {
  readonly limit: number;
  /** Only jobs with a smaller id. */
  readonly before?: string | undefined;
}

export interface ContextStore {
  /** Stores a new context. Resolves to undefined when stored, or to the open context of that name. */
  insert(context: Context): Promise<Context | undefined>;
  get(id: string): Promise<Context | undefined>;
  /** The newest context of that name, final or not. */
  find(name: string): Promise<Context | undefined>;
  /**
   * Replaces a context, if the stored one has revision `context.revision - 1`; else resolves to false.
   * The event for the outbox, when given, is stored in the same commit.
   */
  update(context: Context, options?: { readonly event?: OutboxEvent | undefined }): Promise<boolean>;
  /** Newest first, that is by id descending. */
  list(filter: ContextFilter, page: { limit: number; before?: string | undefined }): Promise<Context[]>;
  /** True when there was one. */
  delete(id: string): Promise<boolean>;
  /** Deletes up to `limit` contexts that ended before that time. Resolves to their number. */
  deleteEnded(before: Date, options: { limit: number }): Promise<number>;
}

export interface ContextFilter {
  /** Any of these; empty or absent means all. */
  readonly states?: readonly Context_State[] | undefined;
  /** Only contexts whose `end_time` is earlier. */
  readonly endedBefore?: Date | undefined;
}

/** Selects a version of a binary. */
export type BinarySelector = { readonly newest: true } | { readonly version: number } | { readonly digest: string };

export interface BinaryStore {
  /**
   * Adds a version and returns it with its number, regardless of the given one: one more than the last that the name ever had, including
   * deleted ones. When the newest version has the same digest, returns that one and adds none.
   */
  insert(binary: Binary): Promise<Binary>;
  /** When several versions have the digest, the newest of them. */
  get(name: string, selector: BinarySelector): Promise<Binary | undefined>;
  /** The newest version of each name, by name ascending (compared as UTF-8 bytes). */
  list(page: { limit: number; after?: string | undefined }): Promise<Binary[]>;
  /** Versions of one name, newest first. */
  versions(name: string, page: { limit: number; before?: number | undefined }): Promise<Binary[]>;
  /** Deletes one version, or all versions of the name. Returns the deleted ones. */
  delete(name: string, version?: number): Promise<Binary[]>;
  /** Whether any binary has this digest as its own, its bundle's or its source map's. */
  uses(digest: string): Promise<boolean>;
}

export interface FileStore {
  /** Stores a new file. Resolves to undefined when stored; when the name is taken, changes nothing and resolves to the file that has it. */
  insert(file: File): Promise<File | undefined>;
  /** Stores or replaces a file. Returns the replaced one. */
  put(file: File): Promise<File | undefined>;
  get(name: string): Promise<File | undefined>;
  /** By name ascending (compared as UTF-8 bytes). */
  list(filter: { prefix?: string | undefined }, page: { limit: number; after?: string | undefined }): Promise<File[]>;
  /** Returns the deleted file. */
  delete(name: string): Promise<File | undefined>;
  /** Whether any file has this digest. */
  uses(digest: string): Promise<boolean>;
}

/** The audit log: entries are appended and never change. */
export interface AuditStore {
  /** Appends entries, all or none. Existing ids keep their entry. */
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first, that is by id descending. */
  list(
    filter: { principal?: string | undefined },
    page: { limit: number; before?: string | undefined },
  ): Promise<AuditEntry[]>;
  /** Deletes the entries with a smaller id. Returns their number. */
  forgetBefore(id: string): Promise<number>;
}

/** An event as it will be published. Its texts may contain any character, including U+0000, but no lone surrogate. */
export interface OutboxEvent {
  /** The `ce-id` of the event. Existing ids keep their event. */
  readonly id: string;
  /** Subject on NATS. */
  readonly subject: string;
  /** JSON. */
  readonly payload: string;
}

/**
 * A transactional outbox. `insert` and `update` of jobs and `update` of contexts add an event in the commit of the change that it reports,
 * and none when they change nothing. Gateways publish the events and then delete them. An event stays until then, even if its job or
 * context is deleted.
 */
export interface OutboxStore {
  /** By id ascending (compared as UTF-8 bytes). */
  list(page: { limit: number; after?: string | undefined }): Promise<OutboxEvent[]>;
  /** Deletes events by id. Unknown ids are ignored. Resolves to the number of deleted events. */
  delete(ids: readonly string[]): Promise<number>;
}
