import type { AuditEntry, Binary, Context, Context_State, File, Job, Job_State, LogLine } from "../../proto/mod.ts";

/**
 * The record: what Hearth remembers of jobs, contexts, binaries and files.
 *
 * Values are the messages of `hearth.v1`. A DAO keeps every field of them, also those that it does not know by name.
 * A write that resolved is durable: it survives the death of the process and of the machine. Writes of one DAO take
 * effect in the order in which they were called, and a read that is called after a write resolved sees it, through every
 * DAO on the same back end. Methods reject only when the back end is broken, with a StoreUnavailable where it is away or full; absence is
 * `undefined`, a lost race is `false`. A record that cannot be read (damaged, or of another program) is left out of lists, whose pages are
 * full all the same, and a method that answers it alone rejects with an UnreadableRecord. A write that fails changes nothing and keeps no
 * other from its effect. Names are ordered by their UTF-8 bytes, times
 * compared to the nanosecond; pages hold `limit` items at most, and `before` and `after` are exclusive. Disposing a DAO lets the
 * writes that were called come to their ends; afterwards its methods reject.
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

/** What a DAO's back end can do, where they differ. */
export interface DaoCapabilities {
  /** What was written is there after the process died. False: the promise of durability above does not hold; for tests. */
  readonly durable: boolean;
  /** Several DAOs, and so several gateways, may be open on one back end. */
  readonly shared: boolean;
}

export interface JobStore {
  /**
   * Stores a new job with the config that it was submitted with (JSON, UTF-8).
   * The result (JSON, UTF-8) of a job that is final already and the event for the outbox, when given, are stored in the same commit.
   * Resolves to undefined when stored; when its id, or its request id (unless empty), is taken, to the job that has it.
   */
  insert(job: Job, config: Uint8Array, options?: JobWriteOptions): Promise<Job | undefined>;
  get(id: string): Promise<Job | undefined>;
  /**
   * Replaces a job, if the stored one has revision `job.revision - 1`; else changes nothing and resolves to false.
   * The result (JSON, UTF-8) and the event for the outbox, when given, are stored in the same commit.
   */
  update(job: Job, options?: JobWriteOptions): Promise<boolean>;
  /** Newest first, that is by id descending. */
  list(filter: JobFilter, page: JobPage): Promise<Job[]>;
  config(id: string): Promise<Uint8Array | undefined>;
  /** The result that was stored with the job, or undefined. */
  result(id: string): Promise<Uint8Array | undefined>;
  /** Adds lines; one whose number the job has already is left as it is. */
  appendLogs(id: string, lines: readonly LogLine[]): Promise<void>;
  /** By number ascending. */
  logs(id: string, page: { after: number; limit: number }): Promise<LogLine[]>;
  /** Forgets a job with its config, result and logs. True when there was one. */
  delete(id: string): Promise<boolean>;
  /** Forgets jobs that ended before that time, as many as the limit at most; resolves to how many. */
  deleteEnded(before: Date, options: { limit: number }): Promise<number>;
  /** Whether any job's result has this digest. */
  uses(digest: string): Promise<boolean>;
}

export interface JobWriteOptions {
  /** JSON, UTF-8. */
  readonly result?: Uint8Array | undefined;
  readonly event?: OutboxEvent | undefined;
}

/** All conditions given must hold. */
export interface JobFilter {
  /** Any of these; empty or absent means all. */
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
  /** Stores a new context. Resolves to undefined when stored; when a context of that name is not final, to that one. */
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
  /** Forgets contexts that ended before that time, as many as the limit at most; resolves to how many. */
  deleteEnded(before: Date, options: { limit: number }): Promise<number>;
}

export interface ContextFilter {
  /** Any of these; empty or absent means all. */
  readonly states?: readonly Context_State[] | undefined;
  /** Only contexts whose `end_time` is earlier. */
  readonly endedBefore?: Date | undefined;
}

/** Which version of a binary. */
export type BinarySelector = { readonly newest: true } | { readonly version: number } | { readonly digest: string };

export interface BinaryStore {
  /**
   * Adds a version and answers it with its number, whatever number it came with: one more than the last that the name ever
   * had, also when that was deleted. When the newest version has the same digest, answers that one and adds none.
   */
  insert(binary: Binary): Promise<Binary>;
  /** When several versions have the digest, the newest of them. */
  get(name: string, selector: BinarySelector): Promise<Binary | undefined>;
  /** The newest version of each name, by name ascending (compared as UTF-8 bytes). */
  list(page: { limit: number; after?: string | undefined }): Promise<Binary[]>;
  /** Versions of one name, newest first. */
  versions(name: string, page: { limit: number; before?: number | undefined }): Promise<Binary[]>;
  /** Deletes one version, or all of the name; answers those that were deleted. */
  delete(name: string, version?: number): Promise<Binary[]>;
  /** Whether any binary has this digest as its own, its bundle's or its source map's. */
  uses(digest: string): Promise<boolean>;
}

export interface FileStore {
  /** Stores a new file. Resolves to undefined when stored; when the name is taken, changes nothing and resolves to the file that has it. */
  insert(file: File): Promise<File | undefined>;
  /** Stores or replaces; answers what was replaced. */
  put(file: File): Promise<File | undefined>;
  get(name: string): Promise<File | undefined>;
  /** By name ascending (compared as UTF-8 bytes). */
  list(filter: { prefix?: string | undefined }, page: { limit: number; after?: string | undefined }): Promise<File[]>;
  /** Answers what was deleted. */
  delete(name: string): Promise<File | undefined>;
  /** Whether any file has this digest. */
  uses(digest: string): Promise<boolean>;
}

/** The audit log: entries come at its end and never change. */
export interface AuditStore {
  /** Adds entries, all or none; one whose id is there already is left as it is. */
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first, that is by id descending. */
  list(
    filter: { principal?: string | undefined },
    page: { limit: number; before?: string | undefined },
  ): Promise<AuditEntry[]>;
  /** Forgets the entries with a smaller id; answers how many there were. */
  forgetBefore(id: string): Promise<number>;
}

/** An event to publish, as it is published. Its texts may hold any character, U+0000 included, but no lone surrogate. */
export interface OutboxEvent {
  /** The `ce-id` of the event. An event whose id is in the outbox already is left as it is. */
  readonly id: string;
  /** On NATS. */
  readonly subject: string;
  /** JSON. */
  readonly payload: string;
}

/**
 * A transactional outbox. `insert` and `update` of jobs and `update` of contexts add an event in the commit of the change that it reports, and
 * none when they change nothing. Gateways publish the events and then delete them. Until then an event stays, also when its job or context is deleted.
 */
export interface OutboxStore {
  /** By id ascending (compared as UTF-8 bytes). */
  list(page: { limit: number; after?: string | undefined }): Promise<OutboxEvent[]>;
  /** Deletes events by id and ignores ids that are not there. Resolves to the number of events that were deleted. */
  delete(ids: readonly string[]): Promise<number>;
}
