import { ContextEvent, JobEvent, type Progress } from "../../proto/node.ts";
import type { OpenSessions, Session } from "../session/mod.ts";
import { type JobRoute, Unacknowledged } from "./unacknowledged.ts";

/** The largest result that travels on the session with its event, in bytes of JSON. Larger ones are kept as blobs. */
const INLINE_RESULT_BYTES = 256 * 1024;

/** The same while events pile up, which are in memory. */
const FULL_INLINE_RESULT_BYTES = 1024;

/** Size of the log lines of one event, in bytes. */
export const LOG_BATCH_BYTES = 128 * 1024;

const NOTHING = new Uint8Array();

export type JobHappening = NonNullable<JobEvent["event"]>;
export type ContextHappening = NonNullable<ContextEvent["event"]>;

/** Which job, which try, and the number of the event. */
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

/** What a job returned: JSON of at most `Events.inlineResultBytes`, or a blob. */
export type ResultContent =
  | { readonly json: Uint8Array; readonly digest?: undefined }
  | { readonly mediaType: string; readonly sizeBytes: number; readonly digest: string; readonly json?: undefined };

export interface JobEventOptions {
  readonly route: JobRoute;
  /** When it happened; default now. */
  readonly time?: Date | undefined;
  /** Progress that no earlier event contains, for a final event. */
  readonly lastProgress?: Progress | undefined;
  /** Of a final event: when the attempt began to run. */
  readonly startTime?: Date | undefined;
  /** Called once, when a gateway has acknowledged the event. */
  readonly acknowledged?: (() => void) | undefined;
}

export interface EventsDeps {
  readonly nodeId: string;
  readonly sessions: OpenSessions;
}

/**
 * Sends the events of jobs and contexts to gateways, in the order of the calls, and keeps each until a gateway acknowledges it. Events of a job
 * go along its route to one session. Events of a context go to all sessions, because every gateway may send it jobs; the first acknowledgement
 * counts.
 */
export class Events {
  readonly #nodeId: string;
  readonly #unacknowledged: Unacknowledged;

  constructor({ nodeId, sessions }: EventsDeps) {
    this.#nodeId = nodeId;
    this.#unacknowledged = new Unacknowledged(sessions);
  }

  /** Whether so many events wait for gateways that the node should accept no more jobs. */
  get isFull(): boolean {
    return this.#unacknowledged.isFull;
  }

  /** The largest result that `jobSucceeded` takes as JSON, in bytes. */
  get inlineResultBytes(): number {
    return this.isFull ? FULL_INLINE_RESULT_BYTES : INLINE_RESULT_BYTES;
  }

  /** A route to the session that asks for an attempt of a job. */
  openRoute(session: Session): JobRoute {
    return { origin: session, session: undefined, unacknowledged: 0 };
  }

  /** Another session asks for the attempt: it gets the events that no gateway has acknowledged, and the next ones. */
  moveJob(route: JobRoute, session: Session): void {
    this.#unacknowledged.moveJob(route, session);
  }

  /** Sends any event of a job but its success. */
  job(identity: JobEventIdentity, happening: JobHappening, options: JobEventOptions): void {
    this.#sendJob(this.#jobEvent(identity, happening, options), NOTHING, options);
  }

  /** Sends that a job returned. The result has a digest when it does not travel with the event. */
  jobSucceeded(identity: JobEventIdentity, content: ResultContent | undefined, options: JobEventOptions): void {
    const { mediaType, sizeBytes, digest, json } = describeContent(content);
    const result = { mediaType, sizeBytes, digest };
    const event = this.#jobEvent(identity, { $case: "succeeded", value: { result, value: undefined } }, options);
    this.#sendJob(event, json ?? NOTHING, options);
  }

  /** Sends that the code of an attempt runs, ahead of its `running` event. Nobody acknowledges it. */
  jobStarted({ jobId, attempt }: JobEventIdentity, { route, time }: { route: JobRoute; time: Date }): void {
    this.#unacknowledged.pick(route)?.send({ $case: "jobStarted", value: { jobId, attempt, time } });
  }

  /** Returns the event, for `repeatContext`. */
  context(identity: ContextEventIdentity, happening: ContextHappening): ContextEvent {
    const event = { ...identity, time: new Date(), nodeId: this.#nodeId, event: happening, omitted: "" };
    this.#unacknowledged.sendContext(ContextEvent.encode(event).finish());
    return event;
  }

  /** Sends an event again, to one session. It has no number: a gateway has acknowledged it, or it is kept under the number that it had. */
  repeatContext(event: ContextEvent, { session }: { session: Session }): void {
    session.send({ $case: "contextEvent", value: { event: ContextEvent.encode(event).finish(), number: 0 } });
  }

  /** A gateway has taken the events with these numbers. Others are ignored. */
  acknowledge(numbers: readonly number[]): void {
    this.#unacknowledged.acknowledge(numbers);
  }

  /**
   * Resolves when all events are acknowledged, or after the timeout; to the count of those that are not. Does not wait with events of contexts alone
   * while no session is open.
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
