import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { cacheUnusable } from "./cache.ts";

/** SQLite's code for a lock that another connection holds. */
const SQLITE_BUSY = 5;

const RETRY_MS = 200;

export interface LockOptions {
  /** Called once, if another holder makes the caller wait. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Acquires an exclusive lock on a file, which is created if it does not exist, and waits while another process or another caller in this
 * process holds it. Disposing releases it. SQLite takes it as a lock of the kernel, which ends with the process. Rejects with a
 * ToolchainError if the file cannot be created.
 */
export async function acquireLock(path: string, { onWait, signal }: LockOptions = {}): Promise<Disposable> {
  await createFolder(dirname(path));
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
    // SQLite never writes to the file: a journal on disk would only be left behind.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return lock;
  } catch (cause) {
    lock?.close();
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw cacheUnusable(dirname(path), cause);
  }
}

async function createFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw cacheUnusable(folder, cause);
  }
}
