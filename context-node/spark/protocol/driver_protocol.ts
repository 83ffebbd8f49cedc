/**
 * What a context node and a Spark driver (`driver/`) say to each other, over a TCP connection that the driver opens.
 *
 * A frame is its length (4 bytes, big-endian: of the kind and the payload), its kind (1 byte) and its payload:
 * - kind 0: a message below, as one JSON object in UTF-8;
 * - kind 1, driver to node: a part of a result, after the number of its run (4 bytes, big-endian);
 * - kind 2, node to driver: a part of what the driver asked for, after the number of its request (4 bytes, big-endian).
 *
 * What a driver sends is checked here, as it runs the classes of jobs: nothing of it is believed.
 */
import { z } from "zod";

/** Largest frame that a driver may send, in bytes. */
export const LARGEST_DRIVER_FRAME_BYTES = 1024 * 1024;

/** Largest frame that a node sends: a config may have 4 MiB, and its escapes. */
export const LARGEST_NODE_FRAME_BYTES = 32 * 1024 * 1024;

/** Bytes of parts of one run that a driver may send before the node has taken them. */
export const PART_WINDOW_BYTES = 1024 * 1024;

/** Largest result that a driver tells in one message (`succeeded`), as characters of JSON. A larger one goes in parts. */
export const LARGEST_WHOLE_RESULT = 128 * 1024;

/** Both ends send `beat` this often. */
export const BEAT_MS = 1_000;

/** A driver ends after this time without a message from its node; it ends at once when the connection closes. */
export const NODE_SILENCE_MS = 15_000;

/** A node ends a driver after this time without a message from it. Garbage collection takes less. */
export const DRIVER_SILENCE_MS = 30_000;

/** A jar on the class path of a job. */
export interface JarReference {
  /** `sha256:<hex>`; the driver asks for it by that (`fetch`). */
  readonly digest: string;
  /** For messages and Spark's UI: a binary's name, or the last part of a URI. */
  readonly name: string;
}

/** What a run does. */
export type Work =
  /** The class of a job, found in the jars in the order of the class path. */
  | { readonly type: "job"; readonly main: string; readonly jars: readonly JarReference[] }
  | {
      readonly type: "sql";
      readonly statement: string;
      /** JSON values by the name of the parameter. */
      readonly parameters: Readonly<Record<string, unknown>>;
      /** 0: no limit. */
      readonly maxRows: number;
      /** 0: no limit. */
      readonly maxBytes: number;
    };

/** Which of Spark's contexts the jobs of a context get. `default` takes jobs of all kinds but streaming. */
export type ContextKind = "default" | "session" | "sql" | "hive" | "streaming";

export type NodeMessage =
  /** After `hello`, or later for a spare: makes the SparkContext. */
  | {
      readonly type: "init";
      readonly contextId: string;
      readonly contextName: string;
      readonly kind: ContextKind;
      /** Spark's configuration, master and application name included. */
      readonly conf: Readonly<Record<string, string>>;
      /** For Hadoop's configuration. */
      readonly hadoop: Readonly<Record<string, string>>;
      /** What jobs see as `contextConfig`: the settings of the context, a JSON object. */
      readonly contextConfig: string;
      /** Of a streaming context. */
      readonly batchIntervalMs: number;
    }
  /** Answered by `running` and an end (`succeeded`, `streamed`, `failed`, `rejected`, `conflict`). Runs go on at the same time. */
  | {
      readonly type: "run";
      readonly run: number;
      readonly jobId: string;
      readonly work: Work;
      /** JSON object. */
      readonly config: string;
    }
  /** Cancels the job group of a run and interrupts its thread. The run still ends with a message. */
  | { readonly type: "abort"; readonly run: number; readonly reason: string }
  /** So many bytes of parts of the run were taken. A negative number refuses all further ones; `message` says why. */
  | { readonly type: "taken"; readonly run: number; readonly bytes: number; readonly message?: string }
  /** Answered by `objects`. With a name it drops that object first, and the answer has it alone. */
  | { readonly type: "objects"; readonly request: number; readonly drop?: string }
  /** After the frames of kind 2 that answer `fetch`, `dataOpen` or `dataList` (a JSON array of names). With an error there is no such thing. */
  | { readonly type: "contentEnd"; readonly request: number; readonly error?: string }
  /** Stops the SparkContext and ends the process. */
  | { readonly type: "stop" }
  | { readonly type: "beat" };

/** Half a character, as UTF-16 can have it, is written in no other encoding. */
const text = z.string().transform((value) => value.toWellFormed());
const count = z.number().int().nonnegative();
const run = count;
/** Milliseconds since 1970; 0: not yet. */
const time = count;

/** A stage of Spark's, as a job's progress lists it. */
const stage = z.strictObject({
  id: count,
  attempt: count,
  name: text,
  state: z.enum(["PENDING", "ACTIVE", "COMPLETE", "FAILED", "SKIPPED"]),
  tasks: count,
  completedTasks: count,
  failedTasks: count,
  runningTasks: count,
  inputBytes: count,
  outputBytes: count,
  shuffleReadBytes: count,
  shuffleWriteBytes: count,
  executorRunMs: count,
  submitTime: time,
  endTime: time,
  failure: text,
});

const namedObject = z.strictObject({
  name: text,
  /** `RDD`, `DATA_FRAME`, `BROADCAST` or the name of another class. */
  kind: text,
  storageLevel: text,
  partitions: count,
  cachedPartitions: count,
  memoryBytes: count,
  diskBytes: count,
  createTime: time,
});

const thrown = z.strictObject({ name: text, message: text, stack: text });

/** The most stages that one `progress` lists. */
export const MOST_STAGES = 200;

/** What a driver says. */
export const DriverMessage = z.discriminatedUnion("type", [
  /** The first. `token` is that of the environment variable HEARTH_DRIVER_TOKEN. */
  z.strictObject({ type: z.literal("hello"), token: text, pid: count, java: text, spark: text, scala: text }),
  /** It is warm and waits for `init`. */
  z.strictObject({ type: z.literal("spare") }),
  /** It takes runs. */
  z.strictObject({ type: z.literal("ready"), applicationId: text, uiUrl: text, master: text }),
  /** The SparkContext could not be made. It ends. */
  z.strictObject({ type: z.literal("notReady"), message: text, stack: text }),
  /** The SparkContext was stopped: by a job, by the cluster. It ends. */
  z.strictObject({ type: z.literal("lost"), message: text }),
  /** The classes of a run are loaded and `validate` is called. */
  z.strictObject({ type: z.literal("validating"), run }),
  /** `validate` had no objection. */
  z.strictObject({ type: z.literal("running"), run }),
  z.strictObject({
    type: z.literal("progress"),
    run,
    fraction: z.number().min(0).max(1),
    message: text,
    stages: z.array(stage).max(MOST_STAGES),
  }),
  /** Lines of a run; of run 0: of the driver itself. */
  z.strictObject({
    type: z.literal("log"),
    run,
    lines: z.array(z.strictObject({ time, level: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]), text })),
  }),
  z.strictObject({ type: z.literal("succeeded"), run, json: text }),
  /** Its result follows in parts, and `streamed` when it is whole. */
  z.strictObject({ type: z.literal("resultBegun"), run, mediaType: text }),
  z.strictObject({ type: z.literal("streamed"), run }),
  z.strictObject({
    type: z.literal("failed"),
    run,
    reason: z.enum(["THROWN", "LOAD_FAILED", "OUT_OF_MEMORY", "RESULT_TOO_LARGE"]),
    error: thrown,
  }),
  z.strictObject({ type: z.literal("rejected"), run, problems: z.array(text) }),
  /** Its jars have other classes under names that are loaded already: they need a driver of their own. None of its code was called. */
  z.strictObject({ type: z.literal("conflict"), run, message: text }),
  z.strictObject({ type: z.literal("objects"), request: count, objects: z.array(namedObject) }),
  /** Asks for the bytes of a jar. */
  z.strictObject({ type: z.literal("fetch"), request: count, digest: text }),
  z.strictObject({ type: z.literal("dataOpen"), request: count, name: text }),
  z.strictObject({ type: z.literal("dataList"), request: count }),
  z.strictObject({ type: z.literal("beat") }),
]);

export type DriverMessage = z.infer<typeof DriverMessage>;

/** A part of an answer to a driver's request. */
export const Kind = { MESSAGE: 0, PART: 1, CONTENT: 2 } as const;

/** An error for what a driver sent against this protocol. It ends the driver, and never the node. */
export class Violation extends Error {
  override readonly name = "Violation";
}
