import { blobOf } from "./rows.ts";
import type { Write } from "./write.ts";

/** What queries need of a file. */
export type FileColumns = readonly [name: string, digest: string];

/** Answers the file that has the name, if one has: also one that an earlier try of the same insert stored. */
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

/** Answers the file that was replaced, if one was. Messages are encoded files. */
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

/** Answers the file that was deleted, if one was. */
export function deleteFile(name: string): Write<Uint8Array | undefined> {
  return {
    name: "delete_file",
    text: "DELETE FROM files WHERE name = $1 RETURNING message",
    values: [name],
    answerOf: ([deleted]) => deleted && blobOf(deleted, "message"),
  };
}
