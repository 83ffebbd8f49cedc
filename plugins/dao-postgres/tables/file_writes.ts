import type { Write } from "../commits/write.ts";
import { blobOf } from "./rows.ts";

/** Columns of a file. */
export type FileColumns = readonly [name: string, digest: string];

/** Returns the file with that name, if any: also one that an earlier try of this insert stored. */
export function insertFile(columns: FileColumns, message: Uint8Array): Write<Uint8Array | undefined> {
  return {
    name: "insert_file",
    text: `
      WITH taken AS (SELECT message FROM files WHERE name = $1),
      inserted AS (INSERT INTO files (name, digest, message) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING)
      SELECT message FROM taken`,
    values: [...columns, message],
    answerOf: ([taken]) => taken && blobOf(taken, "message"),
  };
}

/** Returns the replaced file, if any. Messages are encoded files. */
export function putFile(columns: FileColumns, message: Uint8Array): Write<Uint8Array | undefined> {
  return {
    name: "put_file",
    text: `
      WITH replaced AS (SELECT message FROM files WHERE name = $1),
      put AS (
        INSERT INTO files (name, digest, message) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET digest = EXCLUDED.digest, message = EXCLUDED.message)
      SELECT message FROM replaced`,
    values: [...columns, message],
    answerOf: ([replaced]) => replaced && blobOf(replaced, "message"),
  };
}

/** Returns the deleted file, if any. */
export function deleteFile(name: string): Write<Uint8Array | undefined> {
  return {
    name: "delete_file",
    text: "DELETE FROM files WHERE name = $1 RETURNING message",
    values: [name],
    answerOf: ([deleted]) => deleted && blobOf(deleted, "message"),
  };
}
