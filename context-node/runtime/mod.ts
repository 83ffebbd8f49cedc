/**
 * The interface of a runtime: sandboxes that run jobs. The Deno runtime lives in `context-node/deno/`, the Spark runtime in
 * `context-node/spark/`, a scripted one for tests in `test/`.
 */
import type {
  ContextLoad,
  ContextSettings,
  JobError,
  LogLine,
  NamedObject,
  Progress,
  RuntimeName,
  SqlQuery,
} from "../../proto/node.ts";

/** Runs contexts. Disposal ends all of them and everything that is warm. */
export interface Runtime extends AsyncDisposable {
  /**
   * Starts a sandbox. Resolves when it accepts jobs. Rejects with an Error whose message is for operators. The settings are complete, with
   * the defaults.
   */
  startSandbox(spec: SandboxSpec, options?: { signal?: AbortSignal | undefined }): Promise<Sandbox>;
}

/** The available runtimes of a node, by name. */
export type Runtimes = ReadonlyMap<RuntimeName, Runtime>;

export interface SandboxSpec {
  readonly contextId: string;
  /** Name of the context. */
  readonly name: string;
  readonly settings: ContextSettings;
  /** The source of the `data` handle of jobs. */
  readonly files: FileSource;
  /** Permitted connections. Undefined: none. */
  readonly reach?: Reach | undefined;
}

/** Connections of a sandbox. Hosts are names, IPv4 addresses and IPv6 addresses in brackets, optionally with `:port`. */
export interface Reach {
  /** Hosts. */
  readonly allow: readonly string[];
  /** Hosts and IPv4 blocks that are denied, even if a name resolves to them. */
  readonly deny: readonly string[];
  /** Whether the permitted hosts include names. */
  readonly hasNames: boolean;
  /** Whether names may resolve to IPv6 addresses, which cannot be denied in blocks. */
  readonly isIpv6Resolved: boolean;
}

/** The uploaded data files, as a sandbox may read them. */
export interface FileSource {
  list(): Promise<string[]>;
  /** Undefined when there is no such file. */
  open(name: string): Promise<ReadableStream<Uint8Array> | undefined>;
}

/** A running sandbox. Disposal ends its process and all executions at once (outcome `lost`). */
export interface Sandbox extends AsyncDisposable {
  /** Resolves when the sandbox is gone, after the outcome of every execution. Never rejects. */
  readonly closed: Promise<SandboxEnd>;
  /**
   * Runs a job at once, on a free or a new executor; the caller counts the slots. The artifact is fetched only if the sandbox does not have
   * it warm.
   */
  run(job: JobRun, observer: JobObserver): Execution;
  /** Memory and executors now. */
  load(): Pick<ContextLoad, "memoryBytes" | "executors">;
  /** The named objects by name. After the end of a sandbox, the last known ones. Never rejects. */
  objects(): Promise<NamedObject[]>;
  /** Drops a named object. Resolves to it, or to undefined when there is none of that name. Never rejects. */
  dropObject(name: string): Promise<NamedObject | undefined>;
  /** Process id. Undefined when the sandbox has no process of its own. */
  readonly processId: number | undefined;
  /** The Spark application, for Spark sandboxes. */
  readonly application?: Application | undefined;
  /** Sentences about settings that cannot be enforced. */
  readonly warnings?: readonly string[] | undefined;
}

/** A Spark application. */
export interface Application {
  readonly id: string;
  /** URL of Spark's pages. Empty when they are disabled. */
  readonly uiUrl: string;
}

/** The reason for the end of a sandbox. */
export type SandboxEnd =
  | { readonly type: "disposed" }
  | { readonly type: "outOfMemory"; readonly message: string }
  | { readonly type: "crashed"; readonly message: string }
  /** It ended for a job that needs another sandbox; see the outcome `postponed`. */
  | { readonly type: "replaced"; readonly message: string }
  /** It violated the protocol between sandbox and node, as only hostile code does, and was terminated. */
  | { readonly type: "violated"; readonly message: string };

export interface JobRun {
  readonly jobId: string;
  /** Key of the warm artifact. */
  readonly binaryDigest: string;
  readonly artifact: Artifact;
  readonly entryPoint: string;
  /** JSON object. */
  readonly config: string;
}

/** The program of a job. A runtime supports some of the types. */
export type Artifact = ModuleArtifact | JarArtifact | SqlArtifact;

/** A bundled ES module. */
export interface ModuleArtifact {
  readonly type: "module";
  /** Called once per binary digest and sandbox. */
  code(): Promise<string>;
  /** Source map (JSON, version 3), to map error stacks to the author's lines. */
  sourceMap(): Promise<string>;
}

/** A class path. The entry point is the name of a class. */
export interface JarArtifact {
  readonly type: "jars";
  /** In the order of the class path. */
  readonly jars: readonly Jar[];
}

export interface Jar {
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** Name of its binary, for messages. */
  readonly name: string;
  /** Opens the jar. Rejects when it cannot be fetched. */
  open(): Promise<ReadableStream<Uint8Array>>;
}

/** A query, without an entry point. */
export interface SqlArtifact {
  readonly type: "sql";
  readonly query: SqlQuery;
}

/** Receives the reports of a job, in order and before its outcome resolves. */
export interface JobObserver {
  /** The program is loaded and `validate` was called. Omitted for jobs that end within milliseconds. */
  validating(): void;
  /** The config was accepted and `run` is called. */
  running(executor: number): void;
  progress(progress: Progress): void;
  /** The receiver sets `number` and `attempt`. */
  logged(lines: readonly LogLine[]): void;
  /** The job produces its result in parts, which follow. If it succeeds, the outcome is `streamed`. */
  resultBegun(mediaType: string): void;
  /**
   * A part of that result, in order; a few may be in flight. Resolves when it is stored. Rejects when no more is accepted: the job fails
   * (RESULT_TOO_LARGE) with that message.
   */
  resultPart(bytes: Uint8Array): Promise<void>;
}

/** A job in a sandbox. */
export interface Execution {
  /** Never rejects. Resolves when no code of the job runs any more and its executor is free. */
  readonly outcome: Promise<Outcome>;
  /** Aborts the job's signal with this reason. */
  abort(reason: AbortReason): void;
  /** Terminates the executor, even in a tight loop. The outcome is `terminated`, unless it was settled before. */
  terminate(): void;
}

export type AbortReason = "cancelled" | "deadline" | "contextStopped";

export type Outcome =
  /** `json` is undefined when the job returned undefined. */
  | { readonly type: "succeeded"; readonly json: string | undefined }
  /** The result consists of the parts that the observer received. */
  | { readonly type: "streamed" }
  /** It threw, exited, could not be loaded, or returned a value without a JSON form; also after its signal was aborted. */
  | { readonly type: "failed"; readonly error: JobError }
  /** `validate` found problems. */
  | { readonly type: "rejected"; readonly problems: readonly string[] }
  /** The program declares, or its config refers to, more than its context was granted. No code of the job was called. */
  | { readonly type: "denied"; readonly message: string }
  /** `terminate` ended it. */
  | { readonly type: "terminated" }
  /** The sandbox ended; `closed` has the reason. */
  | { readonly type: "lost"; readonly end: SandboxEnd }
  /**
   * Its code was not called, and another sandbox must run it; this one ends as `replaced`. If it does not after all, `calledOff` resolves
   * to the error of the job, or to undefined when this sandbox can run it.
   */
  | { readonly type: "postponed"; readonly calledOff: Promise<JobError | undefined> };
