import type { Write } from "../commits/write.ts";
import { blobOf, numberOf, type Row } from "./rows.ts";

/** Columns of a binary except its version, which the insert determines. */
export type BinaryColumns = readonly [name: string, digest: string, bundleDigest: string, sourceMapDigest: string];

/** A stored version. The encoded binary does not know its version; the row does. */
export interface StoredBinary {
  readonly version: number;
  readonly message: Uint8Array;
}

/** Returns the new version, or the newest one if it has the same digest. */
export function insertBinary(columns: BinaryColumns, message: Uint8Array): Write<StoredBinary> {
  return {
    name: "insert_binary",
    text: `
      WITH newest AS (
        SELECT version, digest, message FROM binaries WHERE name = $1 ORDER BY version DESC LIMIT 1),
      same AS MATERIALIZED (SELECT version, message FROM newest WHERE digest = $2),
      counted AS (
        INSERT INTO binary_names (name, last_version) SELECT $1, 1 WHERE NOT EXISTS (SELECT FROM same)
        ON CONFLICT (name) DO UPDATE SET last_version = binary_names.last_version + 1
        RETURNING last_version),
      inserted AS (
        INSERT INTO binaries (name, version, digest, bundle_digest, source_map_digest, message)
        SELECT $1, last_version, $2, $3, $4, $5::bytea FROM counted
        RETURNING version, message)
      SELECT version, message FROM same UNION ALL SELECT version, message FROM inserted`,
    values: [...columns, message],
    answerOf([row]) {
      if (!row) throw new Error("Cannot insert a binary: the database answered no version");
      return storedBinary(row);
    },
  };
}

/** Returns the deleted versions, newest first. */
export function deleteBinaries(name: string, version: number | undefined): Write<StoredBinary[]> {
  return {
    name: "delete_binaries",
    text: `
      DELETE FROM binaries WHERE name = $1 AND ($2::bigint IS NULL OR version = $2::bigint)
      RETURNING version, message`,
    values: [name, version ?? null],
    answerOf: (rows) => rows.map(storedBinary).sort((a, b) => b.version - a.version),
  };
}

export function storedBinary(row: Row): StoredBinary {
  return { version: numberOf(row, "version"), message: blobOf(row, "message") };
}
