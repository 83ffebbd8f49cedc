import { DatabaseSync } from "node:sqlite";
import { APPLICATION_ID, migrations } from "./schema.ts";

/** Time limit for a lock of another process, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens the database for writing, creates it or brings its schema up to date. A commit is on the disk when it returns.
 * Throws when the file is not a database of Hearth, or is one of a newer release.
 */
export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    // The setting that most needs it, the change to WAL, does not wait for locks by itself; this transaction does.
    database.exec("BEGIN IMMEDIATE");
    migrate(database, path);
    database.exec("COMMIT");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the database for commits besides those of the writer thread: they wait for no lock, and leave checkpoints to that thread. */
export function openBesideThread(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
  return database;
}

/** Opens the database for reading only. It sees every transaction that was committed before a statement. */
export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
}

function migrate(database: DatabaseSync, path: string): void {
  const version = pragma(database, "user_version");
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (!isEmpty && pragma(database, "application_id") !== APPLICATION_ID) {
    throw new Error(`Cannot open database "${path}": it holds tables that are not Hearth's`);
  }
  if (version > migrations.length) {
    throw new Error(
      `Cannot open database "${path}": a newer Hearth wrote it (schema ${version}, this one knows ${migrations.length})`,
    );
  }
  for (const migration of migrations.slice(version)) database.exec(migration);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
