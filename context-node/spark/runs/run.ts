import { SqlQuery_Format } from "../../../proto/node.ts";
import type { AbortReason, Execution, JobObserver, JobRun, Outcome } from "../../runtime/mod.ts";
import type { DriverMessage, NodeMessage } from "../protocol/driver_protocol.ts";
import { resultRefused, thrownError } from "./job_errors.ts";
import { arrayParts, plainParts, type ResultParts } from "./result_parts.ts";
import { lineOf, progressOf } from "./run_progress.ts";
import { type RunMessage, RunProtocol } from "./run_protocol.ts";

/** The messages that end a run, except a conflict. */
export type RunEnd = Extract<RunMessage, { type: "succeeded" | "streamed" | "failed" | "rejected" }>;

/** Executor number in log lines and events: a job runs on the driver, its tasks anywhere. */
const DRIVER = 1;

interface RunControl {
  send(message: NodeMessage): void;
  /** Ends the run, at the cost of the driver if necessary. */
  terminate(run: Run): void;
}

/** One job in a driver, from the `run` message to its outcome. */
export class Run {
  readonly number: number;
  readonly job: JobRun;
  readonly execution: Execution;
  /** When the run was aborted, on the clock of `performance.now()`; undefined if it was not. */
  abortedAt: number | undefined;
  readonly #observer: JobObserver;
  readonly #control: RunControl;
  readonly #protocol = new RunProtocol();
  readonly #outcome = Promise.withResolvers<Outcome>();
  #parts: ResultParts | undefined;
  #isRefused = false;

  constructor(number: number, job: JobRun, { observer, control }: { observer: JobObserver; control: RunControl }) {
    this.number = number;
    this.job = job;
    this.#observer = observer;
    this.#control = control;
    this.execution = {
      outcome: this.#outcome.promise,
      abort: (reason) => this.#abort(reason),
      terminate: () => control.terminate(this),
    };
  }

  /** Throws a Violation if the message is out of order. */
  check(message: RunMessage): void {
    this.#protocol.check(message);
  }

  received(message: Exclude<RunMessage, RunEnd | { type: "conflict" }>): void {
    switch (message.type) {
      case "validating":
        return this.#observer.validating();
      case "running":
        return this.#observer.running(DRIVER);
      case "progress":
        return this.#observer.progress(progressOf(message));
      case "log":
        return this.logged(message.lines);
      case "resultBegun":
        return this.#beginResult(message.mediaType);
      default:
        message satisfies never;
    }
  }

  logged(lines: Extract<DriverMessage, { type: "log" }>["lines"]): void {
    if (this.#protocol.acceptsLines(lines)) this.#observer.logged(lines.map((line) => lineOf(line, DRIVER)));
  }

  /** Throws a Violation if the driver may not send a part now. */
  part(bytes: Buffer): void {
    this.#protocol.partArrived(this.number, bytes.length);
    if (this.#parts === undefined) return;
    const { number: run } = this;
    this.#parts.push(bytes).then(
      () => {
        this.#protocol.partTaken(bytes.length);
        this.#control.send({ type: "taken", run, bytes: bytes.length });
      },
      (error: unknown) => {
        this.#protocol.partTaken(bytes.length);
        if (this.#isRefused) return;
        this.#isRefused = true;
        const message = error instanceof Error ? error.message : String(error);
        this.#control.send({ type: "taken", run, bytes: -1, message });
      },
    );
  }

  /** Handles the last message of the run. */
  ended(message: RunEnd): void {
    switch (message.type) {
      case "succeeded":
        return this.settle({ type: "succeeded", json: message.json });
      case "streamed":
        return void this.#endResult();
      case "failed":
        return this.settle({ type: "failed", error: thrownError(message) });
      case "rejected":
        return this.settle({ type: "rejected", problems: message.problems });
      default:
        message satisfies never;
    }
  }

  settle(outcome: Outcome): void {
    this.#outcome.resolve(outcome);
  }

  #abort(reason: AbortReason): void {
    if (this.abortedAt !== undefined) return;
    this.abortedAt = performance.now();
    this.#control.send({ type: "abort", run: this.number, reason });
  }

  #beginResult(mediaType: string): void {
    const { artifact } = this.job;
    const isArray = artifact.type === "sql" && artifact.query.format === SqlQuery_Format.JSON;
    this.#parts = isArray ? arrayParts(this.#observer) : plainParts(this.#observer);
    this.#observer.resultBegun(isArray ? "application/json" : mediaType);
  }

  async #endResult(): Promise<void> {
    try {
      await this.#parts?.end();
      this.settle({ type: "streamed" });
    } catch (error) {
      // The observer refused a part: the job fails with its error.
      this.settle({ type: "failed", error: resultRefused(error) });
    }
  }
}
