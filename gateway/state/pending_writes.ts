import type { Logger } from "pino";
import type { Followed } from "./followed.ts";

/** Time for which changes that are not final are batched, in milliseconds. */
const WRITE_DELAY_MS = 50;

/** Delay after a failed write, in milliseconds. */
const RETRY_DELAY_MS = 1000;

interface PendingWritesDeps {
  write(followed: Followed): Promise<void>;
  readonly log: Pick<Logger, "error">;
}

/** Jobs with changes that are not stored yet. Failed writes are retried. Disposal tries once to store what is pending. */
export class PendingWrites implements AsyncDisposable {
  readonly #deps: PendingWritesDeps;
  readonly #waiting = new Set<Followed>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(deps: PendingWritesDeps) {
    this.#deps = deps;
  }

  /** Schedules a write of a job. */
  add(followed: Followed): void {
    this.#waiting.add(followed);
    this.#timer ??= setTimeout(() => void this.#flush(), WRITE_DELAY_MS);
  }

  /** Cancels the scheduled write of a job. */
  delete(followed: Followed): void {
    this.#waiting.delete(followed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#flush();
  }

  /** Never rejects. */
  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    const written = await Promise.allSettled(waiting.map((followed) => this.#deps.write(followed)));
    const failed = waiting.filter((_, index) => written[index]?.status === "rejected");
    if (failed.length === 0) return;
    const [first] = written.filter((outcome) => outcome.status === "rejected");
    this.#deps.log.error({ err: first?.reason, jobs: failed.length }, "could not store changes of jobs; retrying");
    for (const followed of failed) this.#waiting.add(followed);
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.#flush(), RETRY_DELAY_MS);
  }
}
