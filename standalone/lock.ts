import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What to type for a second Hearth on this machine. */
export const BESIDE_ANOTHER = "npm start -- --listen 127.0.0.1:8091 --data-dir .hearth-2";

/** SQLite's code for a lock that somebody else has. */
const SQLITE_BUSY = 5;

/**
 * Has a data folder, which is made when absent, for this process alone until it is disposed. Rejects, saying who has it and what to do,
 * when somebody has it. It is the kernel that holds the lock, as one that SQLite takes on a file: it ends with the process, however that ends.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  // Tells the others who has the lock; nothing hangs on it.
  const pidFile = join(folder, "hearth.pid");
  let lock: DatabaseSync | undefined;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(folder, "hearth.lock"));
    // Nothing is ever written: a journal would only be left behind.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    await writeFile(pidFile, `${process.pid}\n`);
  } catch (cause) {
    lock?.close();
    const isTaken = (cause as { errcode?: number }).errcode === SQLITE_BUSY;
    const reason = isTaken ? await describeHolder(pidFile) : (cause as Error).message;
    throw new Error(`Cannot use the data folder "${folder}": ${reason}`, { cause });
  }
  const held = lock;
  return {
    async [Symbol.asyncDispose]() {
      await rm(pidFile, { force: true });
      held.close();
    },
  };
}

async function describeHolder(pidFile: string): Promise<string> {
  const [pid] = await Promise.allSettled([readFile(pidFile, "utf8")]);
  const holder = pid.status === "fulfilled" && pid.value !== "" ? `process ${pid.value.trim()}` : "another process";
  return `${holder} has it, a Hearth that runs. Stop that one, or start this one beside it: ${BESIDE_ANOTHER}`;
}
