import { type DriverMessage, PART_WINDOW_BYTES, Violation } from "../protocol/driver_protocol.ts";

/** A message about one run. */
export type RunMessage = Extract<DriverMessage, { run: number }>;

/** Maximum number of log lines and characters of one run. The log of a job keeps less: 10 000 lines and 1 MiB. */
const MOST_LINES = 20_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

const MEDIA_TYPES = ["application/json", "application/x-ndjson", "application/octet-stream"];

/** Checks the order of the messages of one run. */
export class RunProtocol {
  #isValidating = false;
  #isRunning = false;
  #isStreaming = false;
  #untakenBytes = 0;
  #lines = 0;
  #characters = 0;

  /** Throws a Violation if the message is out of order. */
  check(message: RunMessage): void {
    switch (message.type) {
      case "validating":
        require(!this.#isRunning, message);
        this.#isValidating = true;
        return;
      case "rejected":
        return require(!this.#isRunning, message);
      case "conflict":
        return require(!this.#isValidating && !this.#isRunning, message);
      case "running":
        require(!this.#isRunning, message);
        this.#isRunning = true;
        return;
      case "resultBegun":
        require(this.#isRunning && !this.#isStreaming && MEDIA_TYPES.includes(message.mediaType), message);
        this.#isStreaming = true;
        return;
      case "streamed":
        return require(this.#isStreaming, message);
      case "succeeded":
        return require(this.#isRunning && !this.#isStreaming, message);
      case "progress":
      case "log":
      case "failed":
        return;
      default:
        message satisfies never;
    }
  }

  /** Counts log lines. Returns false once they exceed what a log keeps. */
  acceptsLines(lines: readonly { readonly text: string }[]): boolean {
    if (this.#lines > MOST_LINES || this.#characters > MOST_CHARACTERS) return false;
    this.#lines += lines.length;
    for (const { text } of lines) this.#characters += text.length;
    return true;
  }

  /** Throws a Violation if the driver may not send a part of this size now. */
  partArrived(run: number, sizeBytes: number): void {
    this.#untakenBytes += sizeBytes;
    if (!this.#isStreaming || this.#untakenBytes > PART_WINDOW_BYTES)
      throw new Violation(`a part of run ${run}, which it cannot send now`);
  }

  partTaken(sizeBytes: number): void {
    this.#untakenBytes -= sizeBytes;
  }
}

function require(holds: boolean, { type, run }: RunMessage): void {
  if (!holds) throw new Violation(`"${type}" of run ${run}, which it cannot report now`);
}
