/**
 * The messages between the context node, the main isolate of a Deno process, and its executors. Types only. Each hop sends arrays of messages,
 * and preserves their order.
 */

/** The context, as jobs see it. */
export interface ContextView {
  readonly id: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The permissions granted to the context, by kind. */
export interface GrantedPermissions {
  /** `host` or `host:port`. */
  readonly net: readonly string[];
  /** Names of secrets; `*` matches any text. */
  readonly secrets: readonly string[];
}

/** The first message of a context. */
interface OpenCommand {
  readonly type: "open";
  readonly context: ContextView;
  readonly permissions: GrantedPermissions;
  readonly env: Readonly<Record<string, string>>;
  /** Maximum size of all named objects of the context together, in bytes. */
  readonly objectBytes: number;
}

/** Node → main isolate. `start` is the first message of a process, `open` the first of a context. */
export type SandboxCommand =
  | {
      readonly type: "start";
      /** The executor's program: one ES module. */
      readonly executorCode: string;
      /** Heap limit of each executor, in mebibytes. */
      readonly heapMebibytes: number;
      /** Number of the executor to start at once. */
      readonly firstExecutor: number;
    }
  | OpenCommand
  | { readonly type: "startExecutor"; readonly executor: number }
  /** The response is `executorEnded`, when no code of the executor runs. */
  | { readonly type: "endExecutor"; readonly executor: number }
  /** Stores a bundle for the executors that will load it. */
  | { readonly type: "bundle"; readonly digest: string; readonly code: string }
  | { readonly type: "dropBundle"; readonly digest: string }
  /** Sends a stored bundle to an executor; once, before its first run there. */
  | { readonly type: "load"; readonly executor: number; readonly digest: string }
  | { readonly type: "forward"; readonly executor: number; readonly message: ExecutorCommand }
  /** The response is `objectDropped`. */
  | { readonly type: "dropObject"; readonly request: number; readonly name: string }
  /** The response is `pong`. */
  | { readonly type: "ping" };

/** Main isolate → node. */
export type SandboxReport =
  /** The first executor accepts messages. */
  | { readonly type: "ready" }
  | { readonly type: "pong" }
  | { readonly type: "reported"; readonly executor: number; readonly messages: readonly ExecutorReport[] }
  /** The executor does not take a run. */
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
  /** `validate` was called and is still running. Sent by the main isolate. */
  | { readonly type: "validating"; readonly run: number }
  /** The config was accepted. May be sent twice. */
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
  /** The job streams its result: each `resultPart` gets a response, and `streamed` or a failure follows. */
  | { readonly type: "resultBegun"; readonly run: number; readonly mediaType: string }
  | { readonly type: "resultPart"; readonly run: number; readonly base64: string }
  /** `json` is undefined when the job returned undefined. */
  | { readonly type: "succeeded"; readonly run: number; readonly json: string | undefined }
  /** The result is complete, and all of its parts were taken. */
  | { readonly type: "streamed"; readonly run: number }
  | { readonly type: "failed"; readonly run: number; readonly reason: FailureReason; readonly error: ThrownError }
  | { readonly type: "rejected"; readonly run: number; readonly problems: readonly string[] }
  /** The program needs permissions that the context does not grant; `message` names them. */
  | { readonly type: "denied"; readonly run: number; readonly message: string }
  /** An uncaught error: all runs of the executor fail with it. */
  | { readonly type: "crashed"; readonly error: ThrownError }
  /** The executor reached its heap limit, and its code was interrupted: all of its runs fail. */
  | { readonly type: "outOfHeap" }
  | DataRequest;

/** Response to the oldest pending part: the node took it, or takes no more of this result. */
export type ResultResponse =
  | { readonly type: "resultTaken"; readonly run: number }
  | { readonly type: "resultRefused"; readonly run: number; readonly message: string };

export type FailureReason = "THROWN" | "LOAD_FAILED" | "RESULT_TOO_LARGE";

/** Stack frames of a bundle read `bundle:<digest>:<line>:<column>`. The stack includes the causes. */
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
  /** Stack frames in it have the form of those of an error. */
  readonly text: string;
}

/** Requests for data files. `request` is unique among the requests of an executor. The response to `dataPull` is one chunk. */
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

/** Executor → main isolate: reports to forward to the node, and requests that the main isolate serves itself. */
export interface ExecutorMail {
  /** Whether it must be sent without delay: it contains a request, or the end of a run. */
  readonly urgent: boolean;
  readonly forNode: readonly ExecutorReport[];
  readonly forMain: readonly ObjectRequest[];
}

/**
 * A value as the main isolate stores it: serialised, or live if it contains shared memory, which cannot be serialised. The containers keep
 * Deno from searching each property of the value for ports.
 */
export type StoredValue = { readonly bytes: ArrayBuffer } | { readonly shared: ReadonlyMap<"value", unknown> };

/** Requests for the named objects of the context. `request` is unique among the requests of an executor. */
export type ObjectRequest =
  | { readonly type: "objectGet"; readonly request: number; readonly name: string }
  /** The response is the value, or the turn to create it, which `objectPut` or `objectAbandon` with the number of the turn ends. */
  | { readonly type: "objectAcquire"; readonly request: number; readonly name: string; readonly timeoutMs: number }
  | {
      readonly type: "objectPut";
      readonly request: number;
      readonly name: string;
      readonly value: StoredValue;
      readonly sizeBytes: number;
      readonly ttlMs: number | undefined;
      /** The turn that this ends; if undefined, the object is replaced even during its creation by another job. */
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
  /** The object was stored with this version. */
  | { readonly type: "objectStored"; readonly request: number; readonly version: number }
  /** The object exceeds the limit: other objects use `takenBytes` of `limitBytes`. */
  | {
      readonly type: "objectRefused";
      readonly request: number;
      readonly takenBytes: number;
      readonly limitBytes: number;
    }
  /** The context has the maximum number of objects. */
  | { readonly type: "objectsFull"; readonly request: number }
  | { readonly type: "objectForgotten"; readonly request: number; readonly existed: boolean }
  | { readonly type: "objectNames"; readonly request: number; readonly objects: readonly ObjectView[] }
  /** The object of this name was replaced or dropped. */
  | { readonly type: "objectChanged"; readonly name: string };

export interface ObjectView {
  readonly name: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; undefined if it does not expire. */
  readonly expiresAt: number | undefined;
}
