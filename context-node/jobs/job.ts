import { startTimer } from "../../lib/async/mod.ts";
import { type HeldJob, type JobError, JobError_Reason, type Progress, type RunJob } from "../../proto/node.ts";
import type { BlobLease, FinishedResult, LiveResult, ResultStore } from "../blobs/mod.ts";
import { type Events, type JobHappening, LOG_BATCH_BYTES, type ResultContent } from "../events/mod.ts";
import type { Execution, Outcome, Sandbox } from "../runtime/mod.ts";
import type { Session } from "../session/mod.ts";
import { artifactOf } from "./artifact.ts";
import { AttemptEvents, type HeldAttempt } from "./attempt_events.ts";
import { Deadline } from "./deadline.ts";
import { JobLog } from "./log.ts";
import { ProgressReports } from "./progress.ts";
import { isJson } from "./result_json.ts";
import { orRetrying } from "./retry.ts";
import { cancelledWhileWaiting, type Ending, endingOf, failedBy, type Stop, type StopReason } from "./verdict.ts";

export interface JobDeps {
  readonly events: Events;
  readonly blobs: Pick<BlobLease, "text" | "open">;
  readonly results: ResultStore;
  /** The largest result that a job may return, in bytes. */
  readonly maxResultBytes: number;
  /** The longest that an attempt may take before its own code is called. */
  readonly loadTimeoutMs: number;
  readonly owner: JobOwner;
}

/** The context that a job is in. */
export interface JobOwner {
  /** Its sandbox is gone: start nothing else there. Told before the job is released. */
  sandboxLost(): void;
  /** None of its code was called, and it needs another sandbox: it waits at the head of the queue. Told after `sandboxLost`. */
  postponed(job: HostedJob, calledOff: Promise<JobError | undefined>): void;
  /** No code of the job runs; its slot, or its place in the queue, is free. The final event is still to come. */
  released(job: HostedJob): void;
  /** The last event of the attempt was sent. */
  ended(job: HostedJob, type: JobHappening["$case"]): void;
  /** A gateway has acknowledged the last event: nothing is left to do for the attempt. */
  acknowledged(job: HeldJob): void;
}

/** One attempt of a job, from its arrival to its last event: the job is final then, or waits for its next attempt. */
export class HostedJob {
  /** As the gateway sent it. */
  readonly command: RunJob;
  readonly #deps: JobDeps;
  readonly #events: AttemptEvents;
  #execution: Execution | undefined;
  #isFinal = false;
  #stop: Stop | undefined;
  #log: JobLog | undefined;
  #progress: ProgressReports | undefined;
  /** What no event told of its progress. */
  #lastProgress: Progress | undefined;
  /** What it makes piece by piece. */
  #result: LiveResult | undefined;
  #deadline: Deadline | undefined;
  #grace: Disposable | undefined;

  constructor(deps: JobDeps, command: RunJob, session: Session) {
    this.#deps = deps;
    this.command = command;
    this.#events = new AttemptEvents(deps.events, { command, session });
    deps.results.expect(this.id);
  }

  get id(): string {
    return this.command.jobId;
  }

  get held(): HeldAttempt {
    return this.#events.held;
  }

  get priority(): number {
    return this.command.priority;
  }

  /** It waits for a slot, at this place. */
  tellPlace(position: number): void {
    this.#events.queued(position);
  }

  /** It has a slot. */
  start(sandbox: Sandbox): void {
    const { loadTimeoutMs } = this.#deps;
    const deadline = new Deadline({ timeoutMs: this.command.timeoutMs, loadTimeoutMs }, () => {
      // Without code of its own there is nothing that could stop by itself.
      this.stop("deadline", { graceMs: deadline.hasBegun ? undefined : 0 });
    });
    this.#deadline = deadline;
    const { jobId, binaryDigest, entryPoint, config } = this.command;
    const artifact = artifactOf(this.command, this.#deps);
    this.#execution = sandbox.run(
      { jobId, binaryDigest, artifact, entryPoint, config: Buffer.from(config).toString() },
      {
        validating: () => this.#deadline?.begin(),
        running: (executor) => this.#running(executor),
        progress: (progress) => this.#reports.report(progress),
        logged: (lines) => this.#lines.write(lines),
        resultBegun: (mediaType) => this.#beginResult(mediaType),
        resultPart: (bytes) => this.#keepPart(bytes),
      },
    );
    this.#execution.outcome.then(
      (outcome) => this.#settle(outcome),
      // It never rejects; if it did all the same, the slot must not stay taken.
      (error: unknown) => this.#settle({ type: "lost", end: { type: "crashed", message: String(error) } }),
    );
  }

  /**
   * Asks it to end: its signal is aborted, and after the grace period its executor is terminated. The first reason stands;
   * asked again, a grace period of 0 cuts the one that runs short.
   */
  stop(reason: StopReason, { graceMs = this.command.gracePeriodMs }: { graceMs?: number | undefined } = {}): void {
    if (this.#isFinal) return;
    if (this.#execution === undefined) return this.#end(cancelledWhileWaiting(reason));
    if (this.#stop === undefined) {
      this.#stop = { reason, overdue: this.#deadline?.overdue ?? "" };
      if (this.#events.startTime !== undefined) this.#tellCancelling(this.#stop);
      this.#execution.abort(reason === "contextRestarted" ? "contextStopped" : reason);
      if (graceMs > 0) this.#grace = startTimer(graceMs, () => this.#execution?.terminate());
    }
    if (graceMs === 0) this.#execution.terminate();
  }

  /** Ends it before it was started; `forGood` it is not tried again. */
  fail(ending: Ending, { forGood }: { forGood: boolean }): void {
    if (this.#isFinal) return;
    if (!forGood) return this.#end(ending);
    this.#release();
    this.#tellEnd(ending);
  }

  get #reports(): ProgressReports {
    this.#progress ??= new ProgressReports((progress) => this.#events.progress(progress));
    return this.#progress;
  }

  get #lines(): JobLog {
    this.#log ??= new JobLog({
      attempt: this.command.attempt,
      batchBytes: LOG_BATCH_BYTES,
      isFull: () => this.#deps.events.isFull,
      send: (lines) => this.#events.logged(lines),
    });
    return this.#log;
  }

  #running(executor: number): void {
    this.#events.running(executor);
    this.#deadline?.begin();
    // It was asked to end before it ran.
    if (this.#stop !== undefined) this.#tellCancelling(this.#stop);
  }

  #tellCancelling({ reason }: Stop): void {
    this.#events.cancelling(reason === "deadline" ? JobError_Reason.DEADLINE_EXCEEDED : JobError_Reason.CANCELLED);
  }

  #settle(outcome: Outcome): void {
    if (outcome.type === "lost" || outcome.type === "postponed") this.#deps.owner.sandboxLost();
    if (outcome.type === "postponed") return this.#postpone(outcome.calledOff);
    if (outcome.type === "streamed") return this.#finishResult();
    if (outcome.type !== "succeeded") return this.#end(endingOf(outcome, this.#stop));
    this.#release();
    if (outcome.json === undefined) return this.#succeed(undefined);
    const json = Buffer.from(outcome.json);
    if (json.length > this.#deps.maxResultBytes) return this.#refuseResult(json.length);
    if (json.length > this.#deps.events.inlineResultBytes) return this.#succeedApart(json);
    // Code of the job's can meddle with what makes its JSON; it must not get further than here.
    if (isJson(outcome.json)) this.#succeed({ json });
    else this.#finish(failedBy(JobError_Reason.THROWN, "The result of the job is not JSON"));
  }

  /** It waits for the next sandbox, unless it was asked to end meanwhile. */
  #postpone(calledOff: Promise<JobError | undefined>): void {
    this.#execution = undefined;
    this.#events.postponed();
    this.#deadline?.[Symbol.dispose]();
    this.#grace?.[Symbol.dispose]();
    if (this.#stop === undefined) this.#deps.owner.postponed(this, calledOff);
    else this.#end(cancelledWhileWaiting(this.#stop.reason));
  }

  /** Its result does not go into an event. */
  #succeedApart(json: Uint8Array): void {
    this.#deps.results.keep(json).then(
      (digest) => this.#succeed({ mediaType: "application/json", sizeBytes: json.length, digest }),
      (error: unknown) => {
        const message = `The node cannot keep a result of ${json.length} bytes: ${error}`;
        this.#finish(failedBy(JobError_Reason.RESULT_TOO_LARGE, message));
      },
    );
  }

  #beginResult(mediaType: string): void {
    const { results, maxResultBytes } = this.#deps;
    if (!this.#isFinal) this.#result = results.begin(this.id, { mediaType, maxBytes: maxResultBytes });
  }

  async #keepPart(bytes: Uint8Array): Promise<void> {
    if (this.#result === undefined) throw new Error("The job has begun no result");
    await this.#result.write(bytes);
  }

  #finishResult(): void {
    this.#release();
    this.#deps.results.finish(this.id, { inlineBytes: this.#deps.events.inlineResultBytes }).then(
      (result) => this.#succeedStreamed(result),
      (error: unknown) => {
        this.#abandonResult();
        this.#finish(failedBy(JobError_Reason.RESULT_TOO_LARGE, `The node cannot keep the result: ${error}`));
      },
    );
  }

  /** What is small is told like a result that was returned as a whole. */
  #succeedStreamed({ mediaType, sizeBytes, digest, bytes }: FinishedResult): void {
    const isInline = bytes !== undefined && mediaType === "application/json" && isJson(bytes.toString());
    this.#succeed(isInline ? { json: bytes } : { mediaType, sizeBytes, digest }, digest);
  }

  #abandonResult(): void {
    if (this.#result !== undefined) this.#deps.results.abandon(this.id, this.#result);
  }

  #refuseResult(sizeBytes: number): void {
    const message = `The result has ${sizeBytes} bytes of JSON; a job may return ${this.#deps.maxResultBytes}`;
    this.#finish(failedBy(JobError_Reason.RESULT_TOO_LARGE, message));
  }

  #end(ending: Ending): void {
    this.#abandonResult();
    this.#release();
    this.#finish(ending);
  }

  /** Nothing but the last event comes after it. */
  #release(): void {
    this.#isFinal = true;
    this.#deadline?.[Symbol.dispose]();
    this.#grace?.[Symbol.dispose]();
    this.#lastProgress = this.#progress?.close();
    this.#log?.close();
    this.#deps.results.expectNone(this.id);
    this.#deps.owner.released(this);
  }

  #finish(ending: Ending): void {
    // What was asked to end is not begun again.
    this.#tellEnd(this.#stop === undefined ? orRetrying(ending, this.command, this.#events.startTime) : ending);
  }

  #tellEnd(happening: JobHappening): void {
    this.#events.ended(happening, {
      lastProgress: this.#lastProgress,
      acknowledged: this.#whenAcknowledged(undefined),
    });
    this.#deps.owner.ended(this, happening.$case);
  }

  #succeed(content: ResultContent | undefined, keptDigest = content?.digest): void {
    const acknowledged = this.#whenAcknowledged(keptDigest);
    this.#events.succeeded(content, { lastProgress: this.#lastProgress, acknowledged });
    this.#deps.owner.ended(this, "succeeded");
  }

  /** Keeps nothing of the job but its name: its event may wait for long while no gateway is there. */
  #whenAcknowledged(resultDigest: string | undefined): () => void {
    const { owner, results } = this.#deps;
    const { jobId, attempt } = this.command;
    return () => {
      if (resultDigest !== undefined) results.acknowledged(resultDigest);
      owner.acknowledged({ jobId, attempt });
    };
  }
}
