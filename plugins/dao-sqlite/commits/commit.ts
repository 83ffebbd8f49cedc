import type { DatabaseSync } from "node:sqlite";
import { sqliteCode } from "../unavailable.ts";
import type { BatchAnswer, Write, WriteFailure } from "./batch.ts";
import { prepareWrites } from "./writes.ts";

/** Makes the function that commits a batch in one transaction; when it returns, what did not fail is on the disk. */
export function prepareCommit(database: DatabaseSync): (batch: readonly Write[]) => BatchAnswer {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const end = database.prepare("COMMIT");
  const rollback = database.prepare("ROLLBACK");
  const savepoint = database.prepare("SAVEPOINT one_write");
  const release = database.prepare("RELEASE one_write");
  const rollbackOne = database.prepare("ROLLBACK TO one_write");
  // The writer checked the columns of each name against the type of this table.
  const writes = prepareWrites(database) as Record<string, (columns: unknown, ...blobs: Uint8Array[]) => unknown>;

  return function commit(batch) {
    try {
      return { answers: transact(() => batch.map(run)), failures: new Map() };
    } catch {
      return commitOneByOne(batch);
    }
  };

  /** For a batch with a write that fails: savepoints, too dear for every batch, hold the fault to that write. */
  function commitOneByOne(batch: readonly Write[]): BatchAnswer {
    const failures = new Map<number, WriteFailure>();
    try {
      const answers = transact(() =>
        batch.map((write, position) => {
          savepoint.run();
          try {
            return run(write);
          } catch (error) {
            // A full disk, for one, ends the whole transaction, and with it the savepoint.
            if (!database.isTransaction) throw error;
            rollbackOne.run();
            failures.set(position, failureOf(error));
            return undefined;
          } finally {
            if (database.isTransaction) release.run();
          }
        }),
      );
      return { answers, failures };
    } catch (error) {
      return { answers: [], failures: new Map(batch.map((_write, position) => [position, failureOf(error)])) };
    }
  }

  function transact<T>(body: () => T): T {
    begin.run();
    try {
      const value = body();
      end.run();
      return value;
    } finally {
      if (database.isTransaction) rollback.run();
    }
  }

  function run({ name, columns, blobs }: Write): unknown {
    const write = writes[name];
    if (!write) throw new Error(`Cannot write "${name}": there is no such write`);
    return write(columns, ...blobs);
  }
}

function failureOf(error: unknown): WriteFailure {
  return { message: error instanceof Error ? error.message : String(error), code: sqliteCode(error) };
}
