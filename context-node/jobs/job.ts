import { startTimer } from "../../lib/async/mod.ts";
import { type HeldJob, type JobError, JobError_Reason, type Progress, type RunJob } from "../../proto/node.ts";
import type { BlobLease, FinishedResult, LiveResult, ResultStore } from "../blobs/mod.ts";
import { type Events, type JobHappening, LOG_BATCH_BYTES, type ResultContent } from "../events/mod.ts";
import type { Execution, Outcome, Sandbox } from "../runtime/mod.ts";
import type { Session } from "../session/mod.ts";
import { artifactOf } from "./artifact.ts";
import { cancelledWhileWaiting, type Ending, endingOf, failedBy, type Stop, type StopReason } from "./attempt_end.ts";
import { AttemptEvents, type HeldAttempt } from "./attempt_events.ts";
import { Deadline } from "./deadline.ts";
import { JobLog } from "./log.ts";
import { ProgressReports } from "./progress.ts";
import { isJson } from "./result_json.ts";
import { orRetrying } from "./retry.ts";

export interface JobDeps {
  readonly events: Events;
  readonly blobs: Pick<BlobLease, "text" | "open">;
  readonly results: ResultStore;
  /** Largest result of a job, in bytes. */
  readonly maxResultBytes: number;
  /** Time limit of an attempt until its own code is called, in milliseconds. */
  readonly loadTimeoutMs: number;
  readonly owner: JobOwner;
}

/** The context of a job. */
export interface JobOwner {
  /** Called when the sandbox is gone, before `released`: nothing else may start there. */
  sandboxLost(): void;
  /** Called, after `sandboxLost`, for a job whose code was not called and that needs another sandbox: it waits at the head of the queue. */
  postponed(job: HostedJob, calledOff: Promise<JobError | undefined>): void;
  /** Called when no code of the job runs: its slot, or its place in the queue, is free. The final event follows. */
  released(job: HostedJob): void;
  /** Called when the last event of the attempt was sent. */
  ended(job: HostedJob, type: JobHappening["$case"]): void;
  /** Called when a gateway has acknowledged the last event: the attempt is done. */
  acknowledged(job: HeldJob): void;
}

/** One attempt of a job, from its arrival to its last event. Then the job is final or waits for its next attempt. */
export class HostedJob {
  /** The command as received. */
  readonly command: RunJob;
  readonly #deps: JobDeps;
  readonly #events: AttemptEvents;
  #execution: Execution | undefined;
  #isFinal = false;
  #stop: Stop | undefined;
  #log: JobLog | undefined;
  #progress: ProgressReports | undefined;
  /** Progress that no event contains. */
  #lastProgress: Progress | undefined;
  /** A result that is produced in parts. */
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

  /** Called when the job waits for a slot at this position. */
  tellPlace(position: number): void {
    this.#events.queued(position);
  }

  /** Called when the job has a slot. */
  start(sandbox: Sandbox): void {
    const { loadTimeoutMs } = this.#deps;
    const deadline = new Deadline({ timeoutMs: this.command.timeoutMs, loadTimeoutMs }, () => {
      // Without code of its own, nothing could stop by itself.
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
      // It never rejects. If it did, the slot must still be freed.
      (error: unknown) => this.#settle({ type: "lost", end: { type: "crashed", message: String(error) } }),
    );
  }

  /**
   * Asks the job to end: aborts its signal, and terminates its executor after the grace period. The first reason counts; a later call with
   * a grace period of 0 cuts a running one short.
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

  /** Ends a job before its start. `forGood`: without another attempt. */
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
    // The job was asked to end before it ran.
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
    // The job's code may tamper with what serializes its result: it is checked here.
    if (isJson(outcome.json)) this.#succeed({ json });
    else this.#finish(failedBy(JobError_Reason.THROWN, "The result of the job is not JSON"));
  }

  /** The job waits for the next sandbox, unless it was asked to end meanwhile. */
  #postpone(calledOff: Promise<JobError | undefined>): void {
    this.#execution = undefined;
    this.#events.postponed();
    this.#deadline?.[Symbol.dispose]();
    this.#grace?.[Symbol.dispose]();
    if (this.#stop === undefined) this.#deps.owner.postponed(this, calledOff);
    else this.#end(cancelledWhileWaiting(this.#stop.reason));
  }

  /** The result does not fit into an event. */
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

  /** A small one is sent like a result that was returned as a whole. */
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

  /** Only the last event follows. */
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
    // A job that was asked to end is not retried.
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

  /** Keeps only the job's id: the event may wait for long while there is no gateway. */
  #whenAcknowledged(resultDigest: string | undefined): () => void {
    const { owner, results } = this.#deps;
    const { jobId, attempt } = this.command;
    return () => {
      if (resultDigest !== undefined) results.acknowledged(resultDigest);
      owner.acknowledged({ jobId, attempt });
    };
  }
}
