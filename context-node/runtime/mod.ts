/**
 * What a context node asks of a runtime: contexts that run jobs. The Deno runtime lives in `context-node/deno/`, that of Spark in
 * `context-node/spark/`, a scripted one for tests in `test/`. Imports `proto` only.
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

/** A way to run contexts. Disposing it ends all contexts and whatever was kept warm. */
export interface Runtime extends AsyncDisposable {
  /**
   * Starts a sandbox and resolves when it takes jobs. Rejects with an Error whose message says to an operator why it did not
   * start. The settings are complete: the caller filled in the defaults.
   */
  startSandbox(spec: SandboxSpec, options?: { signal?: AbortSignal | undefined }): Promise<Sandbox>;
}

/** The runtimes that a node can start contexts of, by name. */
export type Runtimes = ReadonlyMap<RuntimeName, Runtime>;

export interface SandboxSpec {
  readonly contextId: string;
  /** The name of the context. */
  readonly name: string;
  readonly settings: ContextSettings;
  /** What jobs read through their `data` handle. */
  readonly files: FileSource;
  /** What it may connect to. Undefined: nothing. */
  readonly reach?: Reach | undefined;
}

/** What a sandbox may connect to. Hosts are names, IPv4 addresses and IPv6 addresses in brackets, perhaps with `:port`. */
export interface Reach {
  /** Hosts. */
  readonly allow: readonly string[];
  /** Hosts and blocks of IPv4 addresses to which no connection goes, whatever name resolves to them. */
  readonly deny: readonly string[];
  /** Whether there are names among them. */
  readonly hasNames: boolean;
  /** Whether names may resolve to IPv6 addresses, of which no block can be denied. */
  readonly isIpv6Resolved: boolean;
}

/** The uploaded data files, as a sandbox may read them. */
export interface FileSource {
  list(): Promise<string[]>;
  /** Undefined when there is none. */
  open(name: string): Promise<ReadableStream<Uint8Array> | undefined>;
}

/** A running sandbox. Disposing it ends its process at once, and with it all executions (outcome `lost`). */
export interface Sandbox extends AsyncDisposable {
  /** Resolves when the sandbox is gone, after the outcome of every execution. Never rejects. */
  readonly closed: Promise<SandboxEnd>;
  /**
   * Runs a job at once, on a free executor or a new one: the caller counts the slots.
   * The bundle is asked for only when the sandbox does not have the binary warm.
   */
  run(job: JobRun, observer: JobObserver): Execution;
  /** Memory and executors now. */
  load(): Pick<ContextLoad, "memoryBytes" | "executors">;
  /** The named objects by name. Of a sandbox that is gone those that it had, as far as is known. Never rejects. */
  objects(): Promise<NamedObject[]>;
  /** Drops a named object and answers it; undefined when there is none of that name. Never rejects. */
  dropObject(name: string): Promise<NamedObject | undefined>;
  /** Of the operating system; undefined when the sandbox has no process of its own. */
  readonly processId: number | undefined;
  /** Of a Spark sandbox. */
  readonly application?: Application | undefined;
  /** Settings that it cannot be held to, in sentences. */
  readonly warnings?: readonly string[] | undefined;
}

/** A Spark application, as Spark knows it. */
export interface Application {
  readonly id: string;
  /** Of its own pages; empty when they are off. */
  readonly uiUrl: string;
}

/** Why a sandbox ended. */
export type SandboxEnd =
  | { readonly type: "disposed" }
  | { readonly type: "outOfMemory"; readonly message: string }
  | { readonly type: "crashed"; readonly message: string }
  /** It ended itself for a job that needs another one; see the outcome `postponed`. */
  | { readonly type: "replaced"; readonly message: string }
  /** It broke the protocol between sandbox and node, as only hostile code can, and was ended. */
  | { readonly type: "violated"; readonly message: string };

export interface JobRun {
  readonly jobId: string;
  /** What is kept warm is kept under this key. */
  readonly binaryDigest: string;
  readonly artifact: Artifact;
  readonly entryPoint: string;
  /** JSON object. */
  readonly config: string;
}

/** What a job runs; a runtime takes one or some of these. */
export type Artifact = ModuleArtifact | JarArtifact | SqlArtifact;

/** A bundled ES module. */
export interface ModuleArtifact {
  readonly type: "module";
  /** Called once for each binary digest of a sandbox. */
  code(): Promise<string>;
  /** Source map (JSON, version 3), to map error stacks to the author's lines. */
  sourceMap(): Promise<string>;
}

/** A class path; the entry point is the name of a class. */
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
  /** Its bytes. Rejects when they cannot be had. */
  open(): Promise<ReadableStream<Uint8Array>>;
}

/** A query; it has no entry point. */
export interface SqlArtifact {
  readonly type: "sql";
  readonly query: SqlQuery;
}

/** Told, in order, what a job does, all before its outcome resolves. */
export interface JobObserver {
  /** The program is loaded and `validate` was called; not told of one that ends within milliseconds. */
  validating(): void;
  /** The config was accepted and `run` is called. */
  running(executor: number): void;
  progress(progress: Progress): void;
  /** `number` and `attempt` are the caller's to set. */
  logged(lines: readonly LogLine[]): void;
  /** The job returns its result as it makes it: parts follow, and if it succeeds the outcome is `streamed`. */
  resultBegun(mediaType: string): void;
  /**
   * A part of that result, in order; a few may come before the first is taken. Resolves when it is kept. Rejects when no more is
   * taken: the job fails (RESULT_TOO_LARGE) with that message.
   */
  resultPart(bytes: Uint8Array): Promise<void>;
}

/** A job that was handed to a sandbox. */
export interface Execution {
  /** Never rejects. Once it resolves, no code of the job runs and its executor is free. */
  readonly outcome: Promise<Outcome>;
  /** Aborts the job's signal; the reason is its `reason`. */
  abort(reason: AbortReason): void;
  /** Ends the executor, also out of a tight loop. The outcome is `terminated`, or what it was before. */
  terminate(): void;
}

export type AbortReason = "cancelled" | "deadline" | "contextStopped";

export type Outcome =
  /** `json` is undefined when the job returned undefined. */
  | { readonly type: "succeeded"; readonly json: string | undefined }
  /** The result is what the observer was told, part by part. */
  | { readonly type: "streamed" }
  /** It threw, exited, could not be loaded, or returned what JSON cannot say; also when its signal was aborted before. */
  | { readonly type: "failed"; readonly error: JobError }
  /** `validate` found problems. */
  | { readonly type: "rejected"; readonly problems: readonly string[] }
  /** The program declares that it needs more than its context was granted, or its config refers to more. None of its jobs was called. */
  | { readonly type: "denied"; readonly message: string }
  /** `terminate` ended it. */
  | { readonly type: "terminated" }
  /** The sandbox ended under it; `closed` tells why. */
  | { readonly type: "lost"; readonly end: SandboxEnd }
  /**
   * None of its code was called, and this sandbox cannot run it: another one has to, and this one ends as `replaced`. If it does not after all,
   * `calledOff` resolves: to why the job fails, or to undefined when this sandbox can run it.
   */
  | { readonly type: "postponed"; readonly calledOff: Promise<JobError | undefined> };
