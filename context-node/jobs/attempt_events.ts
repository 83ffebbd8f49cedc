import type { HeldJob, JobError_Reason, LogLine, Progress, RunJob } from "../../proto/node.ts";
import type { Events, JobHappening, JobRoute, ResultContent } from "../events/mod.ts";
import type { Session } from "../session/mod.ts";

/** How long an attempt runs before its `running` event is sent, in milliseconds. */
const RUNNING_DELAY_MS = 50;

/** What the last event of an attempt says beside how it ended. */
interface LastWords {
  /** Progress that no earlier event contains. */
  readonly lastProgress: Progress | undefined;
  /** Called once, when a gateway has acknowledged the event. */
  readonly acknowledged: () => void;
}

/** Sends the events of one attempt of a job, numbered. An attempt that ends within `RUNNING_DELAY_MS` of its start has no `running`. */
export class AttemptEvents {
  readonly #events: Events;
  readonly #command: RunJob;
  readonly #route: JobRoute;
  #seq: number;
  #startTime: Date | undefined;
  /** The `running` event, while it is held back. */
  #heldBack: { readonly timer: NodeJS.Timeout; readonly happening: JobHappening } | undefined;

  constructor(events: Events, { command, session }: { command: RunJob; session: Session }) {
    this.#events = events;
    this.#command = command;
    this.#route = events.openRoute(session);
    this.#seq = command.firstSeq || 1;
  }

  /** When the code of the attempt began to run. */
  get startTime(): Date | undefined {
    return this.#startTime;
  }

  get held(): HeldAttempt {
    const { jobId, attempt } = this.#command;
    return { jobId, attempt, route: this.#route };
  }

  queued(position: number): void {
    this.#send({ $case: "queued", value: { position } });
  }

  /** The code of the attempt begins to run. */
  running(executor: number): void {
    const time = new Date();
    this.#startTime = time;
    const timer = setTimeout(() => this.#sendRunning(), RUNNING_DELAY_MS);
    this.#heldBack = { timer, happening: { $case: "running", value: { executor } } };
    if (this.#command.confirm) this.#events.jobStarted(this.#identity, { route: this.#route, time });
  }

  /** The code of the attempt did not begin to run after all. */
  postponed(): void {
    this.#takeHeldBack();
    this.#startTime = undefined;
  }

  cancelling(reason: JobError_Reason): void {
    this.#send({ $case: "cancelling", value: { reason } });
  }

  logged(lines: LogLine[]): void {
    this.#send({ $case: "logged", value: { lines } });
  }

  /** Returns false, and sends nothing, while events pile up. */
  progress(progress: Progress): boolean {
    if (this.#events.isFull) return false;
    this.#send({ $case: "progress", value: progress });
    return true;
  }

  /** Sends the last event of an attempt that did not succeed. */
  ended(happening: JobHappening, { lastProgress, acknowledged }: LastWords): void {
    // `retrying` has a start time of its own, and its progress is void.
    const known = happening.$case === "retrying" ? {} : { lastProgress, startTime: this.#startTime };
    this.#takeHeldBack();
    this.#events.job(this.#nextIdentity(), happening, { route: this.#route, ...known, acknowledged });
  }

  succeeded(content: ResultContent | undefined, lastWords: LastWords): void {
    const options = { route: this.#route, startTime: this.#startTime, ...lastWords };
    this.#takeHeldBack();
    this.#events.jobSucceeded(this.#nextIdentity(), content, options);
  }

  #send(happening: JobHappening): void {
    this.#sendRunning();
    this.#events.job(this.#nextIdentity(), happening, { route: this.#route });
  }

  #sendRunning(): void {
    const happening = this.#takeHeldBack();
    const time = this.#startTime;
    if (happening !== undefined) this.#events.job(this.#nextIdentity(), happening, { route: this.#route, time });
  }

  #takeHeldBack(): JobHappening | undefined {
    clearTimeout(this.#heldBack?.timer);
    const happening = this.#heldBack?.happening;
    this.#heldBack = undefined;
    return happening;
  }

  #nextIdentity() {
    return { ...this.#identity, seq: this.#seq++ };
  }

  get #identity() {
    const { jobId, attempt, contextId } = this.#command;
    return { jobId, attempt, contextId, seq: this.#seq };
  }
}

/** An attempt of a job that the node holds, and where its events go. */
export interface HeldAttempt extends HeldJob {
  readonly route: JobRoute;
}
