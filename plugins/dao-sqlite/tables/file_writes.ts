import type { DatabaseSync } from "node:sqlite";
import { blobOf } from "./rows.ts";

/** Columns of a file. */
export type FileColumns = readonly [name: string, digest: string];

/** Writes of files, as the writer thread runs them inside a transaction. Messages are encoded files. */
export function prepareFileWrites(database: DatabaseSync) {
  const byName = database.prepare("SELECT message FROM files WHERE name = ?");
  const put = database.prepare("INSERT OR REPLACE INTO files (name, digest, message) VALUES (?, ?, ?)");
  const insert = database.prepare("INSERT INTO files (name, digest, message) VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM files WHERE name = ? RETURNING message");

  return {
    /** Returns the file with that name, if any; nothing is stored then. */
    insertFile(columns: FileColumns, message: Uint8Array): Uint8Array | undefined {
      const taken = byName.get(columns[0]);
      if (taken !== undefined) return blobOf(taken, "message");
      insert.run(...columns, message);
      return undefined;
    },

    /** Returns the replaced file, if any. */
    putFile(columns: FileColumns, message: Uint8Array): Uint8Array | undefined {
      const replaced = byName.get(columns[0]);
      put.run(...columns, message);
      return replaced && blobOf(replaced, "message");
    },

    /** Returns the deleted file, if any. */
    deleteFile([name]: readonly [name: string]): Uint8Array | undefined {
      const removed = remove.get(name);
      return removed && blobOf(removed, "message");
    },
  };
}
