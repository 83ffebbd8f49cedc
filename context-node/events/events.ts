import { ContextEvent, JobEvent, type Progress } from "../../proto/node.ts";
import type { OpenSessions, Session } from "../session/mod.ts";
import { type JobRoute, Unacknowledged } from "./unacknowledged.ts";

/** Largest result that is sent with its event, in bytes of JSON. Larger ones are kept as blobs. */
const INLINE_RESULT_BYTES = 256 * 1024;

/** The same while many events, which are in memory, wait for acknowledgement. */
const FULL_INLINE_RESULT_BYTES = 1024;

/** Largest size of the log lines of one event, in bytes. */
export const LOG_BATCH_BYTES = 128 * 1024;

const NOTHING = new Uint8Array();

export type JobHappening = NonNullable<JobEvent["event"]>;
export type ContextHappening = NonNullable<ContextEvent["event"]>;

/** Job, attempt, and `seq` of the event. */
export interface JobEventIdentity {
  readonly jobId: string;
  readonly attempt: number;
  readonly seq: number;
  readonly contextId: string;
}

export interface ContextEventIdentity {
  readonly contextId: string;
  /** Its name. */
  readonly context: string;
  readonly seq: number;
}

/** The result of a job: JSON of at most `Events.inlineResultBytes`, or a blob. */
export type ResultContent =
  | { readonly json: Uint8Array; readonly digest?: undefined }
  | { readonly mediaType: string; readonly sizeBytes: number; readonly digest: string; readonly json?: undefined };

export interface JobEventOptions {
  readonly route: JobRoute;
  /** Time of the event. Default: now. */
  readonly time?: Date | undefined;
  /** For a final event: progress that no earlier event contains. */
  readonly lastProgress?: Progress | undefined;
  /** For a final event: when the attempt began to run. */
  readonly startTime?: Date | undefined;
  /** Called once, when a gateway has acknowledged the event. */
  readonly acknowledged?: (() => void) | undefined;
}

export interface EventsDeps {
  readonly nodeId: string;
  readonly sessions: OpenSessions;
}

/**
 * Sends the events of jobs and contexts to gateways, in order of the calls, and keeps each until a gateway acknowledges it. Sends job
 * events to the session that submitted the job, else to any other open session. Sends context events to all sessions, because every gateway
 * may send jobs to it; the first acknowledgement counts.
 */
export class Events {
  readonly #nodeId: string;
  readonly #unacknowledged: Unacknowledged;

  constructor({ nodeId, sessions }: EventsDeps) {
    this.#nodeId = nodeId;
    this.#unacknowledged = new Unacknowledged(sessions);
  }

  /** Whether so many events wait for acknowledgement that the node should refuse jobs. */
  get isFull(): boolean {
    return this.#unacknowledged.isFull;
  }

  /** Largest result that `jobSucceeded` accepts as JSON, in bytes. */
  get inlineResultBytes(): number {
    return this.isFull ? FULL_INLINE_RESULT_BYTES : INLINE_RESULT_BYTES;
  }

  /** Creates a route to the session that submitted an attempt. */
  openRoute(session: Session): JobRoute {
    return { origin: session, session: undefined, unacknowledged: 0 };
  }

  /** Redirects the events of an attempt to another session: those that are not acknowledged, and the next ones. */
  moveJob(route: JobRoute, session: Session): void {
    this.#unacknowledged.moveJob(route, session);
  }

  /** Sends any event of a job except its success. */
  job(identity: JobEventIdentity, happening: JobHappening, options: JobEventOptions): void {
    this.#sendJob(this.#jobEvent(identity, happening, options), NOTHING, options);
  }

  /** Sends the success of a job. The result has a digest when it is not sent with the event. */
  jobSucceeded(identity: JobEventIdentity, content: ResultContent | undefined, options: JobEventOptions): void {
    const { mediaType, sizeBytes, digest, json } = describeContent(content);
    const result = { mediaType, sizeBytes, digest };
    const event = this.#jobEvent(identity, { $case: "succeeded", value: { result, value: undefined } }, options);
    this.#sendJob(event, json ?? NOTHING, options);
  }

  /** Reports that the code of an attempt runs, ahead of its `running` event. Not acknowledged. */
  jobStarted({ jobId, attempt }: JobEventIdentity, { route, time }: { route: JobRoute; time: Date }): void {
    this.#unacknowledged.pick(route)?.send({ $case: "jobStarted", value: { jobId, attempt, time } });
  }

  /** Returns the event, for `repeatContext`. */
  context(identity: ContextEventIdentity, happening: ContextHappening): ContextEvent {
    const event = { ...identity, time: new Date(), nodeId: this.#nodeId, event: happening, omitted: "" };
    this.#unacknowledged.sendContext(ContextEvent.encode(event).finish());
    return event;
  }

  /** Sends an event to one session again, without a number: it is acknowledged, or kept under its earlier number. */
  repeatContext(event: ContextEvent, { session }: { session: Session }): void {
    session.send({ $case: "contextEvent", value: { event: ContextEvent.encode(event).finish(), number: 0 } });
  }

  /** Removes events that a gateway has acknowledged. Unknown numbers are ignored. */
  acknowledge(numbers: readonly number[]): void {
    this.#unacknowledged.acknowledge(numbers);
  }

  /**
   * Resolves when all events are acknowledged or the timeout passes, to the number of unacknowledged events. Without a session, does not
   * wait for context events alone.
   */
  flush({ timeoutMs }: { timeoutMs: number }): Promise<number> {
    return this.#unacknowledged.flush({ timeoutMs });
  }

  #jobEvent(
    { jobId, attempt, seq, contextId }: JobEventIdentity,
    event: JobHappening,
    { time = new Date(), lastProgress, startTime }: JobEventOptions,
  ): JobEvent {
    const nodeId = this.#nodeId;
    return { jobId, attempt, seq, time, contextId, nodeId, lastProgress, startTime, event, omitted: "" };
  }

  #sendJob(event: JobEvent, result: Uint8Array, { route, acknowledged }: JobEventOptions): void {
    this.#unacknowledged.sendJob(route, { event: JobEvent.encode(event).finish(), result, acknowledged });
  }
}

interface Described {
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly json?: Uint8Array | undefined;
}

function describeContent(content: ResultContent | undefined): Described {
  if (content !== undefined && content.json === undefined) return content;
  const json = content?.json;
  return { mediaType: "application/json", sizeBytes: json?.length ?? 0, digest: "", json };
}
