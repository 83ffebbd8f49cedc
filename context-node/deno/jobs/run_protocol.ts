import { ProtocolViolation } from "../channel/report_schemas.ts";
import { MAX_PENDING_PARTS } from "../sandbox/messages/bounds.ts";
import type { ExecutorReport, LoggedLine } from "../sandbox/messages/protocol.ts";

/** A report about one run. */
export type RunReport = Extract<ExecutorReport, { run: number }>;

/** Log lines and characters of one run that are heard; its log is cut before, at 10 000 lines and 1 MiB. */
const MAX_LINES = 20_000;
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** The order in which an executor reports on one run. */
export class RunProtocol {
  #isRunning = false;
  #isStreaming = false;
  #untakenParts = 0;
  #isTaken = false;
  #lines = 0;
  #characters = 0;

  /** Whether the executor has reported anything: it took the run, then. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Throws a ProtocolViolation when the report cannot come now. */
  check(report: RunReport): void {
    this.#isTaken = true;
    switch (report.type) {
      case "validating":
      case "rejected":
      case "denied":
        return require(!this.#isRunning, report);
      case "running":
        this.#isRunning = true;
        return;
      case "resultBegun":
        require(this.#isRunning && !this.#isStreaming, report);
        this.#isStreaming = true;
        return;
      case "resultPart":
        this.#untakenParts += 1;
        return require(this.#isStreaming && this.#untakenParts <= MAX_PENDING_PARTS, report);
      case "streamed":
        return require(this.#isStreaming && this.#untakenParts === 0, report);
      case "succeeded":
        return require(this.#isRunning && !this.#isStreaming, report);
      case "progress":
      case "logged":
      case "failed":
        return;
      default:
        report satisfies never;
    }
  }

  /** Counts what is logged. False once it is more than any log keeps. */
  countLines(lines: readonly LoggedLine[]): boolean {
    if (this.#lines > MAX_LINES || this.#characters > MAX_CHARACTERS) return false;
    this.#lines += lines.length;
    for (const { text } of lines) this.#characters += text.length;
    return true;
  }

  /** The oldest part that was not answered is answered. */
  partAnswered(): void {
    this.#untakenParts -= 1;
  }
}

function require(holds: boolean, { type, run }: RunReport): void {
  if (!holds) throw new ProtocolViolation(`"${type}" of run ${run}, which it cannot report now`);
}
