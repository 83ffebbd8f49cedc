import type { DatabaseSync } from "node:sqlite";
import { type OutboxColumns, prepareOutboxInsert } from "./outbox_writes.ts";
import { blobOf, numberOf } from "./rows.ts";

/** Columns of a job, in the order of the statements below. */
export type JobColumns = readonly [
  state: number,
  contextId: string,
  context: string,
  binary: string,
  binaryDigest: string,
  endMs: number | null,
  requestId: string | null,
  revision: number,
  id: string,
  /** Empty unless the result is a blob. */
  resultDigest: string,
  event: OutboxColumns | null,
];

const EMPTY = new Uint8Array();

/** Writes of jobs, as the writer thread runs them inside a transaction. Messages are encoded jobs and log lines. */
export function prepareJobWrites(database: DatabaseSync) {
  const insert = database.prepare(`
    INSERT INTO jobs (state, context_id, context, binary, binary_digest, end_ms, request_id, revision, id, message)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
  const insertConfig = database.prepare("INSERT INTO job_configs (job_key, config) VALUES (?, ?)");
  const insertEvent = prepareOutboxInsert(database);
  const byId = database.prepare("SELECT message FROM jobs WHERE id = ?");
  const byRequest = database.prepare("SELECT message FROM jobs WHERE request_id = ?");
  // Assigning a column writes its index even if the value is the same, so the usual update leaves out columns that rarely change.
  const advance = database.prepare(`
    UPDATE jobs SET state = ?, end_ms = ?, revision = ?, message = ?
    WHERE id = ? AND revision = ? AND context_id = ? AND context = ? AND binary = ? AND binary_digest = ? AND request_id IS ?
    RETURNING key`);
  const replace = database.prepare(`
    UPDATE jobs SET state = ?, context_id = ?, context = ?, binary = ?, binary_digest = ?, end_ms = ?, request_id = ?,
      revision = ?, message = ?
    WHERE id = ? AND revision = ?
    RETURNING key`);
  const putResult = database.prepare("INSERT OR REPLACE INTO job_results (job_key, result) VALUES (?, ?)");
  const putResultDigest = database.prepare("INSERT OR REPLACE INTO job_result_digests (job_key, digest) VALUES (?, ?)");
  const keyOf = database.prepare("SELECT key FROM jobs WHERE id = ?");
  const insertLine = database.prepare("INSERT OR IGNORE INTO job_logs (job_key, number, message) VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM jobs WHERE id = ? RETURNING key");
  const removeEnded = database.prepare(`
    DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE end_ms < ? ORDER BY end_ms LIMIT ?) RETURNING key`);
  const removeParts = ["job_configs", "job_results", "job_result_digests", "job_logs"].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE job_key = ?`),
  );

  return {
    /** Returns the conflicting job, if any. The blobs are its message, its config and, for a final job, its result. */
    insertJob(columns: JobColumns, ...blobs: readonly Uint8Array[]): Uint8Array | undefined {
      const [message = EMPTY, config = EMPTY, result] = blobs;
      const [state, contextId, context, binary, binaryDigest, endMs, requestId, revision, id, resultDigest, event] =
        columns;
      const fixed = [contextId, context, binary, binaryDigest] as const;
      const { changes, lastInsertRowid } = insert.run(state, ...fixed, endMs, requestId, revision, id, message);
      if (changes === 0) {
        const taken = byId.get(id) ?? byRequest.get(requestId);
        return taken && blobOf(taken, "message");
      }
      insertConfig.run(lastInsertRowid, config);
      if (result) putResult.run(lastInsertRowid, result);
      if (resultDigest !== "") putResultDigest.run(lastInsertRowid, resultDigest);
      insertEvent(event);
      return undefined;
    },

    /** False when the stored revision is not the one before. */
    updateJob(columns: JobColumns, message: Uint8Array, result?: Uint8Array): boolean {
      const [state, contextId, context, binary, binaryDigest, endMs, requestId, revision, id, resultDigest, event] =
        columns;
      const fixed = [contextId, context, binary, binaryDigest] as const;
      const row =
        advance.get(state, endMs, revision, message, id, revision - 1, ...fixed, requestId) ??
        replace.get(state, ...fixed, endMs, requestId, revision, message, id, revision - 1);
      if (!row) return false;
      if (result) putResult.run(numberOf(row, "key"), result);
      if (resultDigest !== "") putResultDigest.run(numberOf(row, "key"), resultDigest);
      insertEvent(event);
      return true;
    },

    /** Lines of a job that is not there are dropped. */
    appendJobLogs([id, ...numbers]: readonly [id: string, ...numbers: number[]], ...lines: Uint8Array[]): void {
      const row = keyOf.get(id);
      if (!row) return;
      const key = numberOf(row, "key");
      for (const [index, line] of lines.entries()) insertLine.run(key, numbers[index] ?? null, line);
    },

    /** Returns the number of deleted jobs. */
    deleteEndedJobs([beforeMs, limit]: readonly [beforeMs: number, limit: number]): number {
      const rows = removeEnded.all(beforeMs, limit);
      for (const row of rows) for (const part of removeParts) part.run(numberOf(row, "key"));
      return rows.length;
    },

    deleteJob([id]: readonly [id: string]): boolean {
      const row = remove.get(id);
      if (!row) return false;
      for (const part of removeParts) part.run(numberOf(row, "key"));
      return true;
    },
  };
}
