import type { OutboxEvent } from "../../contract/mod.ts";
import type { Write } from "../commits/write.ts";
import { outboxValues } from "./outbox.ts";
import { blobOf, numberOf } from "./rows.ts";

/** Columns of a job, in the order of the parameters below. */
export type JobColumns = readonly [
  id: string,
  requestId: string | null,
  state: number,
  contextId: string,
  context: string,
  binary: string,
  binaryDigest: string,
  resultDigest: string | null,
  endMs: number | null,
  revision: number,
];

/** Data that is stored in the commit of a job. */
interface JobParts {
  readonly result: Uint8Array | undefined;
  readonly event: OutboxEvent | undefined;
}

/** Returns the conflicting job, if any. Messages are encoded jobs. */
export function insertJob(
  columns: JobColumns,
  message: Uint8Array,
  { config, result, event }: { config: Uint8Array } & JobParts,
): Write<Uint8Array | undefined> {
  return {
    name: "insert_job",
    text: `
      WITH inserted AS (
        INSERT INTO jobs (id, request_id, state, context_id, context, "binary", binary_digest, result_digest, end_ms, revision,
          message, config, result)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING
        RETURNING 1),
      reported AS (
        INSERT INTO outbox (id, subject, payload)
        SELECT $14::text, $15::text, $16::text WHERE $14::text IS NOT NULL AND EXISTS (SELECT FROM inserted) ON CONFLICT DO NOTHING)
      SELECT message FROM jobs WHERE NOT EXISTS (SELECT FROM inserted) AND (id = $1 OR request_id = $2)
      ORDER BY id = $1 DESC LIMIT 1`,
    values: [...columns, message, config, result ?? null, ...outboxValues(event)],
    answerOf: ([taken]) => taken && blobOf(taken, "message"),
  };
}

/** False when the stored revision is not the one before. */
export function updateJob(columns: JobColumns, message: Uint8Array, { result, event }: JobParts): Write<boolean> {
  return {
    name: "update_job",
    text: `
      WITH updated AS (
        UPDATE jobs SET request_id = $2, state = $3, context_id = $4, context = $5, "binary" = $6, binary_digest = $7,
          result_digest = $8, end_ms = $9, revision = $10, message = $11, result = COALESCE($12, result)
        WHERE id = $1 AND revision = $10::bigint - 1
        RETURNING 1),
      reported AS (
        INSERT INTO outbox (id, subject, payload)
        SELECT $13::text, $14::text, $15::text WHERE $13::text IS NOT NULL AND EXISTS (SELECT FROM updated) ON CONFLICT DO NOTHING)
      SELECT 1 FROM updated`,
    values: [...columns, message, result ?? null, ...outboxValues(event)],
    answerOf: (rows) => rows.length > 0,
  };
}

/** Lines of a job that is not there are dropped. Messages are encoded lines, as many as numbers. */
export function appendJobLogs(id: string, numbers: readonly number[], messages: readonly Uint8Array[]): Write<void> {
  return {
    name: "append_job_logs",
    text: `
      INSERT INTO job_logs (job_id, number, message)
      SELECT $1, number, message FROM unnest($2::bigint[], $3::bytea[]) AS line (number, message)
      WHERE EXISTS (SELECT FROM jobs WHERE id = $1) ON CONFLICT DO NOTHING`,
    values: [id, numbers, messages],
    answerOf: () => undefined,
  };
}

export function deleteJob(id: string): Write<boolean> {
  return {
    name: "delete_job",
    text: `
      WITH lines AS (DELETE FROM job_logs WHERE job_id = $1)
      DELETE FROM jobs WHERE id = $1 RETURNING 1`,
    values: [id],
    answerOf: (rows) => rows.length > 0,
  };
}

/** Returns the number of deleted jobs. */
export function deleteEndedJobs(beforeMs: number, limit: number): Write<number> {
  return {
    name: "delete_ended_jobs",
    text: `
      WITH deleted AS (
        DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE end_ms < $1 ORDER BY end_ms LIMIT $2) RETURNING id),
      lines AS (DELETE FROM job_logs USING deleted WHERE job_id = deleted.id)
      SELECT count(*)::integer AS count FROM deleted`,
    values: [beforeMs, limit],
    answerOf: ([row]) => (row ? numberOf(row, "count") : 0),
  };
}
