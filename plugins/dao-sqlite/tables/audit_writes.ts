import type { DatabaseSync } from "node:sqlite";

/** Columns of an audit entry. */
export type AuditColumns = readonly [id: string, principal: string];

/** Writes of the audit log, as the writer thread runs them inside a transaction. Messages are encoded entries. */
export function prepareAuditWrites(database: DatabaseSync) {
  const insert = database.prepare("INSERT OR IGNORE INTO audit (id, principal, message) VALUES (?, ?, ?)");
  const forget = database.prepare("DELETE FROM audit WHERE id < ?");

  return {
    appendAudit(entries: readonly AuditColumns[], ...messages: Uint8Array[]): void {
      for (const [index, message] of messages.entries()) {
        const [id = "", principal = ""] = entries[index] ?? [];
        insert.run(id, principal, message);
      }
    },

    /** Returns the number of deleted entries. */
    forgetAudit([id]: readonly [id: string]): number {
      return Number(forget.run(id).changes);
    },
  };
}
