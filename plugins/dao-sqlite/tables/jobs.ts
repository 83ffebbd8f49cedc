import { toBinary } from "@bufbuild/protobuf";
import { type Job, Job_State, JobSchema, LogLineSchema } from "../../../proto/mod.ts";
import { type JobStore, type OutboxEvent, readLogLine, readRecord } from "../../contract/mod.ts";
import type { JobColumns } from "./job_writes.ts";
import { outboxColumns } from "./outbox_writes.ts";
import { preparePages } from "./pages.ts";
import { blobOf, numberOf, type Row, textOf } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { epochMs } from "./time.ts";

export function createJobStore({ reader, writer, records }: StoreDeps): JobStore {
  const byId = reader.prepare("SELECT id, message FROM jobs WHERE id = ?");
  const configOf = reader.prepare(
    "SELECT config FROM jobs JOIN job_configs ON job_configs.job_key = jobs.key WHERE id = ?",
  );
  const resultOf = reader.prepare(
    "SELECT result FROM jobs JOIN job_results ON job_results.job_key = jobs.key WHERE id = ?",
  );
  const logsOf = reader.prepare(`
    SELECT number, job_logs.message FROM jobs JOIN job_logs ON job_logs.job_key = jobs.key
    WHERE id = ? AND number > ? ORDER BY number LIMIT ?`);
  const use = reader.prepare("SELECT 1 FROM job_result_digests WHERE digest = ? LIMIT 1");
  const readPage = preparePages(reader, { table: "jobs", commonState: Job_State.SUCCEEDED });

  return {
    async insert(job, config, { result, event } = {}) {
      const blobs = [toBinary(JobSchema, job), config, ...(result ? [result] : [])];
      const taken = await writer.write("insertJob", columnsOf(job, event), ...blobs);
      return taken && readRecord(JobSchema, taken, `the job that is in the way of "${job.id}"`);
    },
    async get(id) {
      const row = byId.get(id);
      return row && jobOf(row);
    },
    async update(job, { result, event } = {}) {
      const message = toBinary(JobSchema, job);
      return writer.write("updateJob", columnsOf(job, event), message, ...(result ? [result] : []));
    },
    async list(filter, { limit, before }) {
      const { states, endedBefore, context, binary } = filter;
      const equal = { context, binary, context_id: filter.contextId, binary_digest: filter.binaryDigest };
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) => readPage({ states, endedBefore, before: from, equal, limit: most }),
        keyOf: (row) => textOf(row, "id"),
        read: jobOf,
      });
    },
    async config(id) {
      const row = configOf.get(id);
      return row && blobOf(row, "config");
    },
    async result(id) {
      const row = resultOf.get(id);
      return row && blobOf(row, "result");
    },
    async appendLogs(id, lines) {
      if (lines.length === 0) return;
      const numbers = lines.map((line) => line.number);
      const messages = lines.map((line) => toBinary(LogLineSchema, line));
      await writer.write("appendJobLogs", [id, ...numbers], ...messages);
    },
    async logs(id, { after, limit }) {
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) => logsOf.all(id, from, most),
        keyOf: (row) => numberOf(row, "number"),
        read: (row) => readLogLine(row.message, `line ${row.number} of job "${id}"`),
      });
    },
    async delete(id) {
      return writer.write("deleteJob", [id]);
    },
    async deleteEnded(before, { limit }) {
      return writer.write("deleteEndedJobs", [before.getTime(), limit]);
    },
    async uses(digest) {
      return use.get(digest) !== undefined;
    },
  };
}

function jobOf(row: Row): Job {
  return readRecord(JobSchema, row.message, `job "${row.id}"`);
}

function columnsOf(job: Job, event: OutboxEvent | undefined): JobColumns {
  return [
    job.state,
    job.contextId,
    job.context,
    job.binary,
    job.binaryDigest,
    epochMs(job.endTime),
    job.requestId || null,
    job.revision,
    job.id,
    job.result?.digest ?? "",
    outboxColumns(event),
  ];
}
