/**
 * The protocol between a context node and a Spark driver (`driver/`), over a TCP connection that the driver opens.
 *
 * A frame is its length (4 bytes, big-endian: of the kind and the payload), its kind (1 byte) and its payload:
 * - kind 0: a message below, as one JSON object in UTF-8;
 * - kind 1, driver to node: a part of a result, after the number of its run (4 bytes, big-endian);
 * - kind 2, node to driver: a part of what the driver asked for, after the number of its request (4 bytes, big-endian).
 *
 * A driver runs the classes of jobs and is not trusted: the schemas below check everything that it sends.
 */
import { z } from "zod";

/** Largest frame that a driver may send, in bytes. */
export const LARGEST_DRIVER_FRAME_BYTES = 1024 * 1024;

/** Largest frame that a node sends, in bytes: a config may have 4 MiB before escaping. */
export const LARGEST_NODE_FRAME_BYTES = 32 * 1024 * 1024;

/** Maximum size of the unacknowledged parts of one run, in bytes. */
export const PART_WINDOW_BYTES = 1024 * 1024;

/** Largest result in one message (`succeeded`), in characters of JSON. A driver sends a larger one in parts. */
export const LARGEST_WHOLE_RESULT = 128 * 1024;

/** Interval between the `beat` messages of each end, in milliseconds. */
export const BEAT_MS = 1_000;

/** Silence of the node after which a driver ends, in milliseconds. It ends at once when the connection closes. */
export const NODE_SILENCE_MS = 15_000;

/** Silence of a driver after which the node kills it, in milliseconds. Garbage collection takes less. */
export const DRIVER_SILENCE_MS = 30_000;

/** A jar on the class path of a job. */
export interface JarReference {
  /** `sha256:<hex>`. The driver requests the jar by it (`fetch`). */
  readonly digest: string;
  /** Name in messages and Spark's UI: that of a binary, or the last part of a URI. */
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

/** The kind of Spark context that jobs get. `default` runs jobs of all kinds but streaming. */
export type ContextKind = "default" | "session" | "sql" | "hive" | "streaming";

export type NodeMessage =
  /** Creates the SparkContext. Follows `hello`; for a spare, later. */
  | {
      readonly type: "init";
      readonly contextId: string;
      readonly contextName: string;
      readonly kind: ContextKind;
      /** Spark's configuration, including master and application name. */
      readonly conf: Readonly<Record<string, string>>;
      /** For Hadoop's configuration. */
      readonly hadoop: Readonly<Record<string, string>>;
      /** What jobs see as `contextConfig`: the settings of the context, a JSON object. */
      readonly contextConfig: string;
      /** Batch interval of a streaming context, in milliseconds. */
      readonly batchIntervalMs: number;
    }
  /** Starts a run. The driver replies with `running` and an end (`succeeded`, `streamed`, `failed`, `rejected`, `conflict`). Runs are concurrent. */
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
  /** Acknowledges this number of bytes of the parts of the run. A negative number refuses all further parts; `message` says why. */
  | { readonly type: "taken"; readonly run: number; readonly bytes: number; readonly message?: string }
  /** Lists named objects; the driver replies with `objects`. With a name, drops that object and lists it alone. */
  | { readonly type: "objects"; readonly request: number; readonly drop?: string }
  /** Ends the frames of kind 2 for `fetch`, `dataOpen` or `dataList` (a JSON array of names). An error says why there is no content. */
  | { readonly type: "contentEnd"; readonly request: number; readonly error?: string }
  /** Stops the SparkContext and ends the process. */
  | { readonly type: "stop" }
  | { readonly type: "beat" };

/** Replaces unpaired surrogates, which only UTF-16 can encode. */
const text = z.string().transform((value) => value.toWellFormed());
const count = z.number().int().nonnegative();
const run = count;
/** Milliseconds since 1970; 0 if not yet known. */
const time = count;

/** A stage of Spark in the progress of a job. */
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
  /** `RDD`, `DATA_FRAME`, `BROADCAST` or a class name. */
  kind: text,
  storageLevel: text,
  partitions: count,
  cachedPartitions: count,
  memoryBytes: count,
  diskBytes: count,
  createTime: time,
});

const thrown = z.strictObject({ name: text, message: text, stack: text });

/** Maximum number of stages in one `progress`. */
export const MOST_STAGES = 200;

/** A message of a driver. */
export const DriverMessage = z.discriminatedUnion("type", [
  /** The first message. `token` is the value of the environment variable HEARTH_DRIVER_TOKEN. */
  z.strictObject({ type: z.literal("hello"), token: text, pid: count, java: text, spark: text, scala: text }),
  /** The spare is warm and waits for `init`. */
  z.strictObject({ type: z.literal("spare") }),
  /** The driver accepts runs. */
  z.strictObject({ type: z.literal("ready"), applicationId: text, uiUrl: text, master: text }),
  /** The SparkContext could not be created. The driver ends. */
  z.strictObject({ type: z.literal("notReady"), message: text, stack: text }),
  /** A job or the cluster stopped the SparkContext. The driver ends. */
  z.strictObject({ type: z.literal("lost"), message: text }),
  /** The driver has loaded the classes of a run and calls `validate`. */
  z.strictObject({ type: z.literal("validating"), run }),
  /** `validate` accepted the config. */
  z.strictObject({ type: z.literal("running"), run }),
  z.strictObject({
    type: z.literal("progress"),
    run,
    fraction: z.number().min(0).max(1),
    message: text,
    stages: z.array(stage).max(MOST_STAGES),
  }),
  /** Log lines of a run; run 0 is the driver itself. */
  z.strictObject({
    type: z.literal("log"),
    run,
    lines: z.array(z.strictObject({ time, level: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]), text })),
  }),
  z.strictObject({ type: z.literal("succeeded"), run, json: text }),
  /** The result follows in parts, then `streamed`. */
  z.strictObject({ type: z.literal("resultBegun"), run, mediaType: text }),
  z.strictObject({ type: z.literal("streamed"), run }),
  z.strictObject({
    type: z.literal("failed"),
    run,
    reason: z.enum(["THROWN", "LOAD_FAILED", "OUT_OF_MEMORY", "RESULT_TOO_LARGE"]),
    error: thrown,
  }),
  z.strictObject({ type: z.literal("rejected"), run, problems: z.array(text) }),
  /** The driver has loaded other classes under names in the jars of this run, which needs another driver. It called none of the code. */
  z.strictObject({ type: z.literal("conflict"), run, message: text }),
  z.strictObject({ type: z.literal("objects"), request: count, objects: z.array(namedObject) }),
  /** Asks for the bytes of a jar. */
  z.strictObject({ type: z.literal("fetch"), request: count, digest: text }),
  z.strictObject({ type: z.literal("dataOpen"), request: count, name: text }),
  z.strictObject({ type: z.literal("dataList"), request: count }),
  z.strictObject({ type: z.literal("beat") }),
]);

export type DriverMessage = z.infer<typeof DriverMessage>;

/** A part of the content that a driver requested. */
export const Kind = { MESSAGE: 0, PART: 1, CONTENT: 2 } as const;

/** An error for what a driver sent against this protocol. It ends the driver, and never the node. */
export class Violation extends Error {
  override readonly name = "Violation";
}
