import type { HeldJob, JobError_Reason, LogLine, Progress, RunJob } from "../../proto/node.ts";
import type { Events, JobHappening, JobRoute, ResultContent } from "../events/mod.ts";
import type { Session } from "../session/mod.ts";

/** Delay of the `running` event, in milliseconds. */
const RUNNING_DELAY_MS = 50;

/** Further fields of the last event of an attempt. */
interface LastWords {
  /** Progress that no earlier event contains. */
  readonly lastProgress: Progress | undefined;
  /** Called once, when a gateway has acknowledged the event. */
  readonly acknowledged: () => void;
}

/** Sends the events of one attempt, numbered. An attempt that ends within `RUNNING_DELAY_MS` has no `running`. */
export class AttemptEvents {
  readonly #events: Events;
  readonly #command: RunJob;
  readonly #route: JobRoute;
  #seq: number;
  #startTime: Date | undefined;
  /** The delayed `running` event. */
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

  /** Called when the code of the attempt begins to run. */
  running(executor: number): void {
    const time = new Date();
    this.#startTime = time;
    const timer = setTimeout(() => this.#sendRunning(), RUNNING_DELAY_MS);
    this.#heldBack = { timer, happening: { $case: "running", value: { executor } } };
    if (this.#command.confirm) this.#events.jobStarted(this.#identity, { route: this.#route, time });
  }

  /** Called when the code of the attempt did not begin to run after all. */
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

  /** Sends nothing and returns false while too many events are unacknowledged. */
  progress(progress: Progress): boolean {
    if (this.#events.isFull) return false;
    this.#send({ $case: "progress", value: progress });
    return true;
  }

  /** Sends the last event of an attempt that has not succeeded. */
  ended(happening: JobHappening, { lastProgress, acknowledged }: LastWords): void {
    // `retrying` has its own start time and no progress.
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

/** An attempt that the node holds, and the route of its events. */
export interface HeldAttempt extends HeldJob {
  readonly route: JobRoute;
}
