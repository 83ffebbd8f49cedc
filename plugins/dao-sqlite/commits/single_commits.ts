import type { DatabaseSync } from "node:sqlite";
import { openBesideThread } from "../database.ts";
import { storeStateOf } from "../unavailable.ts";
import type { BatchAnswer, Write } from "./batch.ts";
import { prepareCommit } from "./commit.ts";
import type { Writes } from "./writes.ts";

/** Small writes that a caller waits for. */
const QUICK: ReadonlySet<keyof Writes> = new Set(["insertJob", "updateJob", "insertContext", "updateContext"]);

const LARGEST_BYTES = 32 * 1024;

/** A write that follows a commit within this time, in milliseconds, may have company, which shares a commit of the thread. */
const QUIET_MS = 1;

/**
 * Average duration of commits above which they go to the writer thread for a while, in milliseconds, because they block everything else.
 */
const SLOW_MS = 2;
const SLOW_PAUSE_MS = 1000;

/** Weight of the last commit in what they take on the whole. */
const SMOOTHING = 0.1;

/** After this count of commits the thread has its turn: it writes the log back into the database. */
const MOST_IN_ROW = 100;

/** Commits single writes on the thread of their caller: two changes of threads would take longer than the commit. */
export class SingleCommits implements Disposable {
  readonly #database: DatabaseSync;
  readonly #commit: (batch: readonly Write[]) => BatchAnswer;
  #inRow = 0;
  #notBefore = 0;
  #usualMs = 0;

  /** Opens a database that the thread has opened before. Throws what SQLite throws. */
  constructor(path: string) {
    this.#database = openBesideThread(path);
    this.#commit = prepareCommit(this.#database);
  }

  /** Durable when it returns. Undefined: nothing happened, and the write is for the thread. */
  commit(write: Write): BatchAnswer | undefined {
    const started = performance.now();
    if (!QUICK.has(write.name) || started < this.#notBefore || this.#inRow >= MOST_IN_ROW) return undefined;
    if (write.blobs.reduce((sum, { length }) => sum + length, 0) > LARGEST_BYTES) return undefined;
    const answer = this.#commit([write]);
    const ended = performance.now();
    this.#usualMs += SMOOTHING * (ended - started - this.#usualMs);
    this.#notBefore = ended + (this.#usualMs > SLOW_MS ? SLOW_PAUSE_MS : QUIET_MS);
    this.#inRow += 1;
    // Another process has a lock, for which the thread waits.
    return storeStateOf(answer.failures.get(0)?.code) === "busy" ? undefined : answer;
  }

  /** The thread has committed. */
  threadCommitted(): void {
    this.#inRow = 0;
    this.#notBefore = Math.max(this.#notBefore, performance.now() + QUIET_MS);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
