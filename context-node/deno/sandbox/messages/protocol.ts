/**
 * What the three parties of a sandbox say to each other: the context node, the main isolate of the Deno process, and its
 * executors. Types only. Every hop carries arrays: all that waited when it was sent. Order is kept on each hop.
 */

/** The context, as jobs see it. */
export interface ContextView {
  readonly id: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What the context was granted, by the kind of permission. */
export interface GrantedPermissions {
  /** `host` or `host:port`. */
  readonly net: readonly string[];
  /** Names of secrets, with `*` for any text. */
  readonly secrets: readonly string[];
}

/** The first message of a context. */
interface OpenCommand {
  readonly type: "open";
  readonly context: ContextView;
  readonly permissions: GrantedPermissions;
  readonly env: Readonly<Record<string, string>>;
  /** What the named objects of the context may take together. */
  readonly objectBytes: number;
}

/** Node → main isolate. `start` is the first message of a process, `open` the first of a context. */
export type SandboxCommand =
  | {
      readonly type: "start";
      /** The executor's program: one ES module. */
      readonly executorCode: string;
      /** Heap limit of each executor. */
      readonly heapMebibytes: number;
      /** Number of the executor that is started at once. */
      readonly firstExecutor: number;
    }
  | OpenCommand
  | { readonly type: "startExecutor"; readonly executor: number }
  /** Answered by `executorEnded`, when no code of it runs any more. */
  | { readonly type: "endExecutor"; readonly executor: number }
  /** Keeps a bundle for the executors that will load it. */
  | { readonly type: "bundle"; readonly digest: string; readonly code: string }
  | { readonly type: "dropBundle"; readonly digest: string }
  /** Hands a kept bundle to an executor; once, before its first run there. */
  | { readonly type: "load"; readonly executor: number; readonly digest: string }
  | { readonly type: "forward"; readonly executor: number; readonly message: ExecutorCommand }
  /** Answered by `objectDropped`. */
  | { readonly type: "dropObject"; readonly request: number; readonly name: string }
  /** Answered by `pong`. */
  | { readonly type: "ping" };

/** Main isolate → node. */
export type SandboxReport =
  /** The first executor is up. */
  | { readonly type: "ready" }
  | { readonly type: "pong" }
  | { readonly type: "reported"; readonly executor: number; readonly messages: readonly ExecutorReport[] }
  /** The executor took none of the runs that it was handed, although it runs nothing else that is known. */
  | { readonly type: "unresponsive"; readonly executor: number }
  | { readonly type: "executorEnded"; readonly executor: number; readonly end: ExecutorEnd }
  | { readonly type: "objectStored"; readonly object: ObjectView }
  | { readonly type: "objectRemoved"; readonly name: string }
  | { readonly type: "objectDropped"; readonly request: number; readonly existed: boolean };

/** Why an executor ended. */
export type ExecutorEnd =
  | { readonly type: "terminated" }
  | { readonly type: "exited" }
  | { readonly type: "outOfMemory" }
  | { readonly type: "crashed"; readonly error: ThrownError };

/** Node → executor, through the main isolate. `run` numbers the runs of a sandbox. */
export type ExecutorCommand =
  | {
      readonly type: "run";
      readonly run: number;
      readonly jobId: string;
      readonly digest: string;
      readonly entryPoint: string;
      /** JSON object. */
      readonly config: string;
    }
  | { readonly type: "abort"; readonly run: number; readonly reason: string }
  | ResultResponse
  | DataResponse;

/** Executor → node, through the main isolate. */
export type ExecutorReport =
  /** `validate` was called, and takes a while. The main isolate says it. */
  | { readonly type: "validating"; readonly run: number }
  /** The config was accepted. May come twice. */
  | { readonly type: "running"; readonly run: number }
  | {
      readonly type: "progress";
      readonly run: number;
      readonly fraction: number;
      readonly message: string;
      /** JSON object, or undefined. */
      readonly fields: string | undefined;
    }
  | { readonly type: "logged"; readonly run: number; readonly lines: readonly LoggedLine[] }
  /** The job makes its result piece by piece: each `resultPart` is answered, and `streamed` or a failure follows. */
  | { readonly type: "resultBegun"; readonly run: number; readonly mediaType: string }
  | { readonly type: "resultPart"; readonly run: number; readonly base64: string }
  /** `json` is undefined when the job returned undefined. */
  | { readonly type: "succeeded"; readonly run: number; readonly json: string | undefined }
  /** The result is whole, and all of its parts were taken. */
  | { readonly type: "streamed"; readonly run: number }
  | { readonly type: "failed"; readonly run: number; readonly reason: FailureReason; readonly error: ThrownError }
  | { readonly type: "rejected"; readonly run: number; readonly problems: readonly string[] }
  /** The program needs more than was granted; `message` says what. */
  | { readonly type: "denied"; readonly run: number; readonly message: string }
  /** An error that nobody caught: all runs of the executor fail with it. */
  | { readonly type: "crashed"; readonly error: ThrownError }
  /** All runs of the executor are to fail: it reached its heap limit, and code was stopped somewhere. */
  | { readonly type: "outOfHeap" }
  | DataRequest;

/** The oldest part that was not answered is kept, or the node takes no more of this result. */
export type ResultResponse =
  | { readonly type: "resultTaken"; readonly run: number }
  | { readonly type: "resultRefused"; readonly run: number; readonly message: string };

export type FailureReason = "THROWN" | "LOAD_FAILED" | "RESULT_TOO_LARGE";

/** Frames of a bundle read `bundle:<digest>:<line>:<column>`; causes are part of the stack. */
export interface ThrownError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LoggedLine {
  readonly level: LogLevel;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Frames in it as in those of an error. */
  readonly text: string;
}

/** Asks for data files. `request` is unique among the requests of an executor. One `pull` is answered by one chunk. */
export type DataRequest =
  | { readonly type: "dataList"; readonly request: number }
  | { readonly type: "dataOpen"; readonly request: number; readonly name: string }
  | { readonly type: "dataPull"; readonly request: number }
  | { readonly type: "dataCancel"; readonly request: number };

export type DataResponse =
  | { readonly type: "dataNames"; readonly request: number; readonly names: readonly string[] }
  | { readonly type: "dataOpened"; readonly request: number; readonly found: boolean }
  | { readonly type: "dataChunk"; readonly request: number; readonly base64: string }
  | { readonly type: "dataEnd"; readonly request: number }
  | { readonly type: "dataFailed"; readonly request: number; readonly message: string };

/** Main isolate → executor. */
export type ExecutorMessage =
  | ExecutorCommand
  | OpenCommand
  | { readonly type: "bundle"; readonly digest: string; readonly code: string }
  | ObjectResponse;

/** Executor → main isolate: what goes on to the node as it is, and what the main isolate answers itself. */
export interface ExecutorMail {
  /** Somebody waits for it: an end, an answer. */
  readonly urgent: boolean;
  readonly forNode: readonly ExecutorReport[];
  readonly forMain: readonly ObjectRequest[];
}

/**
 * A value as the main isolate keeps it: serialised, or live when it holds shared memory, which has no serialised form. Both are
 * in a container whose contents no receiver walks: Deno looks through each property of a message for ports.
 */
export type StoredValue = { readonly bytes: ArrayBuffer } | { readonly shared: ReadonlyMap<"value", unknown> };

/** Asks for the named objects of the context. `request` is unique among the requests of an executor. */
export type ObjectRequest =
  | { readonly type: "objectGet"; readonly request: number; readonly name: string }
  /** Answered by the value, or by the turn to create it, which `objectPut` or `objectAbandon` with that number ends. */
  | { readonly type: "objectAcquire"; readonly request: number; readonly name: string; readonly timeoutMs: number }
  | {
      readonly type: "objectPut";
      readonly request: number;
      readonly name: string;
      readonly value: StoredValue;
      readonly sizeBytes: number;
      readonly ttlMs: number | undefined;
      /** The turn that this ends; undefined replaces the object whoever creates it. */
      readonly turn: number | undefined;
    }
  | { readonly type: "objectAbandon"; readonly name: string; readonly turn: number }
  | { readonly type: "objectForget"; readonly request: number; readonly name: string }
  | { readonly type: "objectList"; readonly request: number };

export type ObjectResponse =
  | { readonly type: "objectValue"; readonly request: number; readonly version: number; readonly value: StoredValue }
  | { readonly type: "objectAbsent"; readonly request: number }
  | { readonly type: "objectTurn"; readonly request: number; readonly turn: number }
  | { readonly type: "objectTimeout"; readonly request: number }
  /** The put took effect, under this version. */
  | { readonly type: "objectStored"; readonly request: number; readonly version: number }
  /** There is no room for it: of `limitBytes`, other objects take `takenBytes`. */
  | {
      readonly type: "objectRefused";
      readonly request: number;
      readonly takenBytes: number;
      readonly limitBytes: number;
    }
  /** The context has as many objects as it may. */
  | { readonly type: "objectsFull"; readonly request: number }
  | { readonly type: "objectForgotten"; readonly request: number; readonly existed: boolean }
  | { readonly type: "objectNames"; readonly request: number; readonly objects: readonly ObjectView[] }
  /** What was handed out under this name is not current any more. */
  | { readonly type: "objectChanged"; readonly name: string };

export interface ObjectView {
  readonly name: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined when it stays as long as the context. */
  readonly expiresAt: number | undefined;
}
