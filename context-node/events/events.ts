import {
  ContextEvent,
  contextEventSubject,
  JobEvent,
  jobEventSubject,
  type Progress,
  printContextEvent,
  printJobEvent,
} from "../../proto/node.ts";
import type { OpenSessions, Session } from "../session/mod.ts";
import type { EventPublisher } from "./publisher.ts";

/** A result with up to so many bytes travels on the session with its event. */
const SESSION_RESULT_BYTES = 256 * 1024;

/** A result with up to so many bytes is part of the event on NATS; see `hearth.v1.JobSucceeded`. */
const NATS_RESULT_BYTES = 64 * 1024;

/** Share of a message on NATS that a result may take: printed again, `1e20` becomes five times as long. */
const RESULT_SHARE = 1 / 12;

/** Bytes of log lines in one event. */
const LOG_BATCH_BYTES = 128 * 1024;

/** Share of a message on NATS that log lines may take: JSON makes six bytes of a control character. */
const LOG_SHARE = 1 / 8;

/** Types of job events that NATS does not get while it is so slow that they pile up. Sessions carry them all. */
const EXPENDABLE: ReadonlySet<JobHappening["$case"]> = new Set(["progress", "logged"]);

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

/**
 * What a job returned. JSON that is larger than `Events.resultBytes`, or nests too deep, is kept as a blob and has a digest, else there is the value. Of what
 * was streamed there may be the blob alone.
 */
export type ResultContent =
  | { readonly json: Uint8Array; readonly value: unknown; readonly digest?: undefined }
  | { readonly json: Uint8Array; readonly value?: undefined; readonly digest: string }
  | BlobContent;

interface BlobContent {
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly digest: string;
  readonly json?: undefined;
  readonly value?: undefined;
}

export interface JobEventOptions {
  /** The session that the job came on. */
  readonly session: Session;
  /** What no event told of its progress, for a final event. */
  readonly lastProgress?: Progress | undefined;
  /** Of a final event: when the attempt began to run. */
  readonly startTime?: Date | undefined;
  /** Called once, when JetStream has stored the event. */
  readonly stored?: (() => void) | undefined;
}

export interface EventsDeps {
  readonly nodeId: string;
  readonly sessions: OpenSessions;
  readonly publisher: EventPublisher;
}

/**
 * Tells gateways and NATS what happens to jobs and contexts, in the order of the calls. Of a job hears the session that it came
 * on; if that is gone another one, if there is none only NATS. Of a context hear all sessions: every gateway may send it jobs.
 */
export class Events {
  readonly #nodeId: string;
  readonly #sessions: OpenSessions;
  readonly #publisher: EventPublisher;
  readonly #source: string;

  constructor({ nodeId, sessions, publisher }: EventsDeps) {
    this.#nodeId = nodeId;
    this.#sessions = sessions;
    this.#publisher = publisher;
    this.#source = `/nodes/${nodeId}`;
  }

  /** Whether NATS lags so far behind that no more jobs should be taken. */
  get isFull(): boolean {
    return this.#publisher.isFull;
  }

  /** The largest result that is part of the event on NATS, in bytes of JSON. */
  get resultBytes(): number {
    return Math.min(NATS_RESULT_BYTES, this.#publisher.mostBytes * RESULT_SHARE);
  }

  /** Size of the log lines that go out as one event, in bytes. */
  get logBatchBytes(): number {
    return Math.min(LOG_BATCH_BYTES, this.#publisher.mostBytes * LOG_SHARE);
  }

  /** Tells everything about a job but its success. */
  job(identity: JobEventIdentity, happening: JobHappening, options: JobEventOptions): void {
    const event = this.#jobEvent(identity, happening, options);
    this.#sendJob(event, NOTHING, options);
    this.#publishJob(event, happening.$case, options);
  }

  /**
   * Tells that a job returned. What travels on the session has no digest when the result goes with it; on NATS there is
   * either the value or the digest, so that whoever hears of it there only can ask for the blob.
   */
  jobSucceeded(identity: JobEventIdentity, content: ResultContent | undefined, options: JobEventOptions): void {
    const { json, mediaType, sizeBytes } = describeContent(content);
    const result = { mediaType, sizeBytes, digest: "" };
    const event = this.#jobEvent(identity, { $case: "succeeded", value: { result, value: undefined } }, options);
    const inline = json !== undefined && json.length <= SESSION_RESULT_BYTES ? json : undefined;
    if (inline === undefined) result.digest = content?.digest ?? "";
    this.#sendJob(event, inline ?? NOTHING, options);

    result.digest = content?.digest ?? "";
    this.#publishJob(
      { ...event, event: { $case: "succeeded", value: { result, value: content?.value } } },
      "succeeded",
      options,
    );
  }

  /** Answers what was told, for `repeatContext`. */
  context(identity: ContextEventIdentity, happening: ContextHappening): ContextEvent {
    const event = { ...identity, time: new Date(), nodeId: this.#nodeId, event: happening, omitted: "" };
    for (const session of this.#sessions) this.repeatContext(event, { session });
    this.#publisher.publish({
      source: this.#source,
      subject: contextEventSubject(event.contextId, happening.$case),
      id: `${event.contextId}/${event.seq}`,
      type: `hearth.v1.context.${happening.$case}`,
      about: event.contextId,
      time: event.time,
      payload: printContextEvent(event),
    });
    return event;
  }

  /** Tells one session again what it may have missed. */
  repeatContext(event: ContextEvent, { session }: { session: Session }): void {
    session.send({ $case: "contextEvent", value: { event: ContextEvent.encode(event).finish() } });
  }

  #jobEvent(
    { jobId, attempt, seq, contextId }: JobEventIdentity,
    event: JobHappening,
    { lastProgress, startTime }: JobEventOptions,
  ): TimedJobEvent {
    return {
      jobId,
      attempt,
      seq,
      time: new Date(),
      contextId,
      nodeId: this.#nodeId,
      lastProgress,
      startTime,
      event,
      omitted: "",
    };
  }

  #sendJob(event: JobEvent, result: Uint8Array, { session }: JobEventOptions): void {
    const listener = this.#sessions.pick(session);
    if (listener === undefined) return;
    listener.send({ $case: "jobEvent", value: { event: JobEvent.encode(event).finish(), result } });
  }

  #publishJob(event: TimedJobEvent, type: JobHappening["$case"], { stored }: JobEventOptions): void {
    if (this.#publisher.isFull && EXPENDABLE.has(type)) return;
    this.#publisher.publish({
      source: this.#source,
      subject: jobEventSubject(event.jobId, type),
      id: `${event.jobId}/${event.attempt}/${event.seq}`,
      type: `hearth.v1.job.${type}`,
      about: event.jobId,
      time: event.time,
      payload: printJobEvent(event),
      stored,
    });
  }
}

function describeContent(content: ResultContent | undefined): Pick<BlobContent, "mediaType" | "sizeBytes"> & {
  readonly json?: Uint8Array | undefined;
} {
  if (content !== undefined && content.json === undefined) return content;
  return { mediaType: "application/json", sizeBytes: content?.json.length ?? 0, json: content?.json };
}

type TimedJobEvent = JobEvent & { time: Date };
