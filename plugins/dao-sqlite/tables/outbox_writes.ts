import type { DatabaseSync } from "node:sqlite";
import type { OutboxEvent } from "../../contract/mod.ts";

/** An event, in the order of the columns of the outbox. */
export type OutboxColumns = readonly [id: string, subject: string, payload: string];

export function outboxColumns(event: OutboxEvent | undefined): OutboxColumns | null {
  return event === undefined ? null : [event.id, event.subject, event.payload];
}

/** Makes the function that adds the event of a change, if it has one, inside the transaction of that change. */
export function prepareOutboxInsert(database: DatabaseSync): (event: OutboxColumns | null) => void {
  const insert = database.prepare(
    "INSERT INTO outbox (id, subject, payload) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  return (event) => {
    if (event !== null) insert.run(...event);
  };
}

/** Writes of the outbox, as the writer thread runs them inside a transaction. */
export function prepareOutboxWrites(database: DatabaseSync) {
  const remove = database.prepare("DELETE FROM outbox WHERE id = ?");
  return {
    /** Returns how many there were. */
    deleteOutbox(ids: readonly string[]): number {
      return ids.reduce((count, id) => count + Number(remove.run(id).changes), 0);
    },
  };
}
