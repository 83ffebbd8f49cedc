import type { DatabaseSync } from "node:sqlite";
import { type OutboxColumns, prepareOutboxInsert } from "./outbox_writes.ts";
import { blobOf } from "./rows.ts";

/** Columns of a context, in the order of the statements below. */
export type ContextColumns = readonly [
  name: string,
  state: number,
  isFinal: number,
  endMs: number | null,
  revision: number,
  id: string,
];

/** With the event that reports the change. */
type ChangedContext = readonly [...ContextColumns, event: OutboxColumns | null];

/** Writes of contexts, as the writer thread runs them inside a transaction. Messages are encoded contexts. */
export function prepareContextWrites(database: DatabaseSync) {
  // One with the same id was stored by an earlier try of this insert.
  const inTheWay = database.prepare(`
    SELECT message FROM contexts WHERE name = ? AND is_final = 0
    UNION ALL SELECT message FROM contexts WHERE id = ? LIMIT 1`);
  const insert = database.prepare(`
    INSERT INTO contexts (name, state, is_final, end_ms, revision, id, message) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const update = database.prepare(`
    UPDATE contexts SET name = ?, state = ?, is_final = ?, end_ms = ?, revision = ?, message = ?
    WHERE id = ? AND revision = ?`);
  const insertEvent = prepareOutboxInsert(database);
  const remove = database.prepare("DELETE FROM contexts WHERE id = ?");
  const removeEnded = database.prepare(`
    DELETE FROM contexts WHERE key IN (SELECT key FROM contexts WHERE end_ms < ? ORDER BY end_ms LIMIT ?)`);

  return {
    /** Returns the conflicting context, if any. */
    insertContext(columns: ContextColumns, message: Uint8Array): Uint8Array | undefined {
      const [name, , , , , id] = columns;
      const taken = inTheWay.get(name, id);
      if (taken) return blobOf(taken, "message");
      insert.run(...columns, message);
      return undefined;
    },

    /** False when the stored revision is not the one before. */
    updateContext(columns: ChangedContext, message: Uint8Array): boolean {
      const [name, state, isFinal, endMs, revision, id, event] = columns;
      const { changes } = update.run(name, state, isFinal, endMs, revision, message, id, revision - 1);
      if (changes === 0) return false;
      insertEvent(event);
      return true;
    },

    deleteContext([id]: readonly [id: string]): boolean {
      return remove.run(id).changes > 0;
    },

    /** Returns the number of deleted contexts. */
    deleteEndedContexts([beforeMs, limit]: readonly [beforeMs: number, limit: number]): number {
      return Number(removeEnded.run(beforeMs, limit).changes);
    },
  };
}
