import type { Logger } from "pino";
import type { Followed } from "./followed.ts";

/** Changes of a job that are not final are written together, at the latest after so long. */
const WRITE_DELAY_MS = 50;

/** How long after a write that failed the next one is tried, in milliseconds. */
const RETRY_DELAY_MS = 1000;

interface PendingWritesDeps {
  write(followed: Followed): Promise<void>;
  readonly log: Pick<Logger, "error">;
}

/** Jobs that have changed since they were written last. A write that fails is tried again. Disposing it writes what is waiting, once. */
export class PendingWrites implements AsyncDisposable {
  readonly #deps: PendingWritesDeps;
  readonly #waiting = new Set<Followed>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(deps: PendingWritesDeps) {
    this.#deps = deps;
  }

  /** Has a job written before long. */
  add(followed: Followed): void {
    this.#waiting.add(followed);
    this.#timer ??= setTimeout(() => void this.#flush(), WRITE_DELAY_MS);
  }

  /** It is written otherwise, or not at all. */
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
    this.#deps.log.error(
      { err: first?.reason, jobs: failed.length },
      "changes of jobs were not written; they are tried again",
    );
    for (const followed of failed) this.#waiting.add(followed);
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.#flush(), RETRY_DELAY_MS);
  }
}
