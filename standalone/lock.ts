import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Command for a second Hearth on this machine. */
export const BESIDE_ANOTHER = "npm start -- --listen 127.0.0.1:8091 --data-dir .hearth-2";

/** SQLite's code for a lock of another process. */
const SQLITE_BUSY = 5;

/**
 * Locks a data folder for this process until disposal, and creates the folder if it is absent. Rejects, naming the owner and what to do, if
 * another process holds the lock. SQLite locks a file of the folder; the kernel releases the lock when the process ends in any way.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  // Names the owner of the lock in messages; nothing depends on it.
  const pidFile = join(folder, "hearth.pid");
  let lock: DatabaseSync | undefined;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(folder, "hearth.lock"));
    // Nothing is written, so a journal would only remain as a file.
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
