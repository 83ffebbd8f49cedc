import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** SQLite's code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

const RETRY_MS = 200;

export interface LockOptions {
  /** Called once, when somebody else has the lock. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has the lock of a file, which is made when absent, for this caller alone until it is disposed; waits while another process, or another
 * caller in this one, has it. The kernel holds the lock, as one that SQLite takes on a file: it ends with the process.
 */
export async function acquireLock(path: string, { onWait, signal }: LockOptions = {}): Promise<Disposable> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const lock = tryLock(path);
    if (lock !== undefined) return { [Symbol.dispose]: () => lock.close() };
    if (attempt === 0) onWait?.();
    await delay(RETRY_MS, undefined, { signal });
  }
}

function tryLock(path: string): DatabaseSync | undefined {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    // Nothing is ever written: a journal would only be left behind.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    const { errcode, message } = cause as Error & { errcode?: number };
    if (errcode === SQLITE_BUSY) return undefined;
    throw new Error(`Cannot lock ${path}: ${message}`, { cause });
  }
}
