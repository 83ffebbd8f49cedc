import type { Logger } from "pino";
import type { Followed } from "./followed.ts";

/** Changes of a job that are not final are written together, at the latest after so long. */
const WRITE_DELAY_MS = 50;

interface PendingWritesDeps {
  write(followed: Followed): Promise<void>;
  readonly log: Pick<Logger, "error">;
}

/** Jobs that have changed since they were written last. */
export class PendingWrites {
  readonly #deps: PendingWritesDeps;
  readonly #waiting = new Set<Followed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: PendingWritesDeps) {
    this.#deps = deps;
  }

  /** Has a job written before long. */
  add(followed: Followed): void {
    this.#waiting.add(followed);
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error) => this.#deps.log.error({ err: error }, "changes of jobs were not written"));
    }, WRITE_DELAY_MS);
  }

  /** It is written otherwise, or not at all. */
  delete(followed: Followed): void {
    this.#waiting.delete(followed);
  }

  /** Writes what is waiting. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    await Promise.all(waiting.map((followed) => this.#deps.write(followed)));
  }
}
