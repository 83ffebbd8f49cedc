import { type LogLine, LogLine_Level } from "../../proto/node.ts";

/** Time for which lines are batched, in milliseconds. */
const BATCH_MS = 50;

/** Cost of a line besides its text, in bytes. */
const LINE_BYTES = 128;

const LONGEST_LINE_BYTES = 16 * 1024;
const MOST_LINES = 10_000;
const MOST_BYTES = 1024 * 1024;

/** Most lines, without the notice of truncation. */
const NUMBERS_AN_ATTEMPT = MOST_LINES + 1;

interface JobLogOptions {
  readonly attempt: number;
  /** Size at which a batch is sent at once, in bytes. */
  readonly batchBytes: number;
  /** Whether too many events are unacknowledged: the log is truncated then. */
  readonly isFull: () => boolean;
  readonly send: (lines: LogLine[]) => void;
}

/** The log of one attempt: numbers its lines, sends them in batches, and truncates it when it gets too long. */
export class JobLog {
  readonly #attempt: number;
  readonly #batchBytes: number;
  readonly #isFull: () => boolean;
  readonly #send: (lines: LogLine[]) => void;
  #waiting: LogLine[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lines = 0;
  #bytes = 0;
  #isCut = false;

  constructor({ attempt, batchBytes, isFull, send }: JobLogOptions) {
    this.#attempt = attempt;
    this.#batchBytes = batchBytes;
    this.#isFull = isFull;
    this.#send = send;
  }

  write(lines: readonly LogLine[]): void {
    for (const line of lines) {
      if (this.#isCut) return;
      this.#add(line);
    }
  }

  /** Sends pending lines. Nothing may be written afterwards. */
  close(): void {
    this.#flush();
  }

  #add(line: LogLine): void {
    const text = cutLine(line.text);
    const bytes = Buffer.byteLength(text);
    if (this.#lines === MOST_LINES || this.#bytes + bytes > MOST_BYTES)
      return this.#cut(line, `a job may write ${MOST_LINES} lines and ${MOST_BYTES} bytes.`);
    if (this.#isFull()) return this.#cut(line, "too many events of the node wait for gateways.");
    this.#bytes += bytes;
    this.#push({ ...line, text }, bytes);
  }

  #cut(line: LogLine, why: string): void {
    this.#isCut = true;
    const text = `The log was cut here: ${why}`;
    this.#push({ ...line, level: LogLine_Level.WARN, text }, text.length);
  }

  #push(line: LogLine, bytes: number): void {
    // Each attempt has a range of numbers: earlier ones may have run elsewhere.
    const number = (this.#attempt - 1) * NUMBERS_AN_ATTEMPT + ++this.#lines;
    this.#waiting.push({ ...line, number, attempt: this.#attempt });
    this.#waitingBytes += bytes + LINE_BYTES;
    if (this.#waitingBytes > this.#batchBytes) return this.#flush();
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    this.#send(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

function cutLine(text: string): string {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  if (text.length * 3 <= LONGEST_LINE_BYTES) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= LONGEST_LINE_BYTES) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, LONGEST_LINE_BYTES), { stream: true });
  return `${kept} … (cut: the line has ${bytes.length} bytes)`;
}
