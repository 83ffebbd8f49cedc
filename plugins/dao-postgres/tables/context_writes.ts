import type { OutboxEvent } from "../../contract/mod.ts";
import type { Write } from "../commits/write.ts";
import { outboxValues } from "./outbox.ts";
import { blobOf } from "./rows.ts";

/** Columns of a context, in the order of the parameters below. */
export type ContextColumns = readonly [
  id: string,
  name: string,
  state: number,
  isFinal: boolean,
  endMs: number | null,
  revision: number,
];

/** Returns the conflicting context, if any: also one with the same id, stored by an earlier try of this insert. */
export function insertContext(columns: ContextColumns, message: Uint8Array): Write<Uint8Array | undefined> {
  return {
    name: "insert_context",
    text: `
      WITH taken AS MATERIALIZED (
        SELECT message FROM contexts WHERE (name = $2 AND NOT is_final) OR id = $1 ORDER BY is_final LIMIT 1),
      inserted AS (
        INSERT INTO contexts (id, name, state, is_final, end_ms, revision, message)
        SELECT $1, $2, $3::integer, $4::boolean, $5::bigint, $6::bigint, $7::bytea WHERE NOT EXISTS (SELECT FROM taken))
      SELECT message FROM taken`,
    values: [...columns, message],
    answerOf: ([taken]) => taken && blobOf(taken, "message"),
  };
}

/** False when the stored revision is not the one before. */
export function updateContext(
  columns: ContextColumns,
  message: Uint8Array,
  event: OutboxEvent | undefined,
): Write<boolean> {
  return {
    name: "update_context",
    text: `
      WITH updated AS (
        UPDATE contexts SET name = $2, state = $3, is_final = $4, end_ms = $5, revision = $6, message = $7
        WHERE id = $1 AND revision = $6::bigint - 1
        RETURNING 1),
      reported AS (
        INSERT INTO outbox (id, subject, payload)
        SELECT $8::text, $9::text, $10::text WHERE $8::text IS NOT NULL AND EXISTS (SELECT FROM updated) ON CONFLICT DO NOTHING)
      SELECT 1 FROM updated`,
    values: [...columns, message, ...outboxValues(event)],
    answerOf: (rows) => rows.length > 0,
  };
}

export function deleteContext(id: string): Write<boolean> {
  return {
    name: "delete_context",
    text: "DELETE FROM contexts WHERE id = $1 RETURNING 1",
    values: [id],
    answerOf: (rows) => rows.length > 0,
  };
}

/** Returns the number of deleted contexts. */
export function deleteEndedContexts(beforeMs: number, limit: number): Write<number> {
  return {
    name: "delete_ended_contexts",
    text: `
      DELETE FROM contexts WHERE id IN (SELECT id FROM contexts WHERE end_ms < $1 ORDER BY end_ms LIMIT $2) RETURNING 1`,
    values: [beforeMs, limit],
    answerOf: (rows) => rows.length,
  };
}
