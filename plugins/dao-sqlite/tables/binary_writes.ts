import type { DatabaseSync } from "node:sqlite";
import { blobOf, numberOf, type Row } from "./rows.ts";

/** Columns of a binary except its version, which the insert determines. */
export type BinaryColumns = readonly [name: string, digest: string, bundleDigest: string, sourceMapDigest: string];

/** A stored version. The encoded binary does not know its version; the row does. */
export interface StoredBinary {
  readonly version: number;
  readonly message: Uint8Array;
}

/** Writes of binaries, as the writer thread runs them inside a transaction. */
export function prepareBinaryWrites(database: DatabaseSync) {
  const newest = database.prepare(
    "SELECT version, digest, message FROM binaries WHERE name = ? ORDER BY version DESC LIMIT 1",
  );
  const count = database.prepare(`
    INSERT INTO binary_names (name, last_version) VALUES (?, 1)
    ON CONFLICT DO UPDATE SET last_version = last_version + 1
    RETURNING last_version`);
  const insert = database.prepare(`
    INSERT INTO binaries (name, digest, bundle_digest, source_map_digest, version, message) VALUES (?, ?, ?, ?, ?, ?)`);
  const remove = database.prepare("DELETE FROM binaries WHERE name = ? RETURNING version, message");
  const removeVersion = database.prepare(
    "DELETE FROM binaries WHERE name = ? AND version = ? RETURNING version, message",
  );

  return {
    /** Returns the new version, or the newest one if it has the same digest. */
    insertBinary(columns: BinaryColumns, message: Uint8Array): StoredBinary {
      const [name, digest] = columns;
      const last = newest.get(name);
      if (last?.digest === digest) return storedBinary(last);
      const version = Number(count.get(name)?.last_version);
      insert.run(...columns, version, message);
      return { version, message };
    },

    /** Returns the deleted versions, newest first. */
    deleteBinaries([name, version]: readonly [name: string, version: number | null]): StoredBinary[] {
      const rows = version === null ? remove.all(name) : removeVersion.all(name, version);
      return rows.map(storedBinary).sort((a, b) => b.version - a.version);
    },
  };
}

export function storedBinary(row: Row): StoredBinary {
  return { version: numberOf(row, "version"), message: blobOf(row, "message") };
}
