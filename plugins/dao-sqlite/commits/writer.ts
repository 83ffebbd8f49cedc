import { Worker } from "node:worker_threads";
import { type StoreState, StoreUnavailable } from "../../contract/mod.ts";
import { databaseFault } from "../unavailable.ts";
import { type BatchAnswer, packBatch, type Write } from "./batch.ts";
import { SingleCommits } from "./single_commits.ts";
import type { Writes } from "./writes.ts";

/** Most waiting writes: minutes of work. More means that the disk has stopped, and would fill the memory. */
const WAITING_LIMIT = 200_000;

/** Hands writes to the writer thread. Disposing it finishes what waits, then ends the thread. */
export interface Writer extends AsyncDisposable {
  /**
   * Runs a write. Resolves to its result when it is durable. Writes take effect in the order of the calls. Those that arrive during a
   * commit share the next one; a single small one is committed on the caller's thread. Rejects when the write failed, the thread has died,
   * or the writer is closed.
   */
  write<Name extends keyof Writes>(
    name: Name,
    columns: Parameters<Writes[Name]>[0],
    ...blobs: Uint8Array[]
  ): Promise<ReturnType<Writes[Name]>>;
}

interface PendingWrite extends Write {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Starts the thread of a database file. */
export function startWriterThread(path: string): Worker {
  return new Worker(new URL("./writer_thread.ts", import.meta.url), { workerData: { path }, name: "dao-sqlite" });
}

/**
 * Resolves when the thread has opened its database; rejects with the thread's error when it could not, or with the
 * signal's reason. Owns the thread.
 */
export async function openWriter(
  thread: Worker,
  { path, signal }: { path: string; signal: AbortSignal },
): Promise<Writer> {
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let idle = Promise.withResolvers<void>();
  let waiting: PendingWrite[] = [];
  let committing: PendingWrite[] = [];
  let own: SingleCommits;
  /** Why no more writes are taken. */
  let refusal: Error | undefined;

  thread.once("message", () => {
    thread.on("message", (answer: BatchAnswer) => {
      own.threadCommitted();
      settle(answer);
    });
    opened.resolve();
  });
  thread.on("error", (cause) => {
    opened.reject(cause);
    fail(unavailable("away", "its thread died", cause));
  });
  thread.on("exit", () => {
    const error = unavailable("away", "its thread ended");
    opened.reject(error);
    fail(error);
    ended.resolve();
  });
  const giveUp = () => {
    opened.reject(signal.reason);
    void thread.terminate();
  };
  if (signal.aborted) giveUp();
  signal.addEventListener("abort", giveUp);
  try {
    await opened.promise;
    own = new SingleCommits(path);
  } catch (error) {
    void thread.terminate();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }

  return { write: write as Writer["write"], [Symbol.asyncDispose]: close };

  function unavailable(state: StoreState, why: string, cause?: unknown): StoreUnavailable {
    return new StoreUnavailable(state, `Cannot write to database "${path}": ${why}`, { cause });
  }

  function write(name: keyof Writes, columns: unknown, ...blobs: Uint8Array[]): Promise<unknown> {
    if (refusal) return Promise.reject(refusal);
    if (waiting.length >= WAITING_LIMIT) {
      return Promise.reject(unavailable("busy", `${waiting.length} writes wait already`));
    }
    return new Promise((resolve, reject) => {
      // After the microtasks, so that writes called together go together.
      if (waiting.length === 0 && committing.length === 0) queueMicrotask(commitWaiting);
      waiting.push({ name, columns, blobs, resolve, reject });
    });
  }

  function commitWaiting(): void {
    committing = waiting;
    waiting = [];
    if (committing.length === 0) {
      idle.resolve();
      return;
    }
    const [first] = committing;
    const answer = committing.length === 1 && first !== undefined ? own.commit(first) : undefined;
    if (answer !== undefined) {
      settle(answer);
      return;
    }
    const batch = packBatch(committing);
    thread.postMessage(batch, [batch.bytes.buffer]);
  }

  function settle({ answers, failures }: BatchAnswer): void {
    const settled = committing;
    commitWaiting();
    for (const [position, { resolve, reject }] of settled.entries()) {
      const cause = failures.get(position);
      if (cause) reject(databaseFault(path, "write to", cause));
      else resolve(answers[position]);
    }
  }

  function fail(error: Error): void {
    refusal ??= error;
    for (const { reject } of [...committing, ...waiting]) reject(error);
    committing = [];
    waiting = [];
    idle.resolve();
  }

  async function close(): Promise<void> {
    refusal ??= unavailable("away", "it is closed");
    idle = Promise.withResolvers<void>();
    if (committing.length + waiting.length === 0) idle.resolve();
    await idle.promise;
    own[Symbol.dispose]();
    thread.postMessage("close");
    await ended.promise;
  }
}
