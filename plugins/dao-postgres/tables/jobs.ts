import { toBinary } from "@bufbuild/protobuf";
import { type Job, JobSchema, LogLineSchema } from "../../../proto/mod.ts";
import { type JobStore, readLogLine, readRecord } from "../../contract/mod.ts";
import { appendJobLogs, deleteEndedJobs, deleteJob, insertJob, type JobColumns, updateJob } from "./job_writes.ts";
import { pageQuery } from "./pages.ts";
import { blobOf, numberOf, type Row, stringIn } from "./rows.ts";
import type { StoreDeps } from "./store.ts";
import { textOf } from "./text.ts";
import { epochMs } from "./time.ts";

export function createJobStore({ reader, writer, records }: StoreDeps): JobStore {
  return {
    async insert(job, config, { result, event } = {}) {
      const taken = await writer.write(insertJob(columnsOf(job), toBinary(JobSchema, job), { config, result, event }));
      return taken && readRecord(JobSchema, taken, `the job that is in the way of "${job.id}"`);
    },
    async get(id) {
      const text = "SELECT id, message FROM jobs WHERE id = $1";
      const [row] = await reader.read({ name: "job", text, values: [textOf(id)] });
      return row && jobOf(row);
    },
    async update(job, { result, event } = {}) {
      return writer.write(updateJob(columnsOf(job), toBinary(JobSchema, job), { result, event }));
    },
    async list({ states, endedBefore, context, contextId, binary, binaryDigest }, { limit, before }) {
      const equal = { context, binary, context_id: contextId, binary_digest: binaryDigest };
      return records.readPage({
        limit,
        from: before,
        rows: (from, most) => reader.read(pageQuery("jobs", { states, endedBefore, before: from, equal, limit: most })),
        keyOf: (row) => stringIn(row, "id"),
        read: jobOf,
      });
    },
    async config(id) {
      const text = "SELECT config FROM jobs WHERE id = $1";
      const [row] = await reader.read({ name: "job_config", text, values: [textOf(id)] });
      return row && blobOf(row, "config");
    },
    async result(id) {
      const text = "SELECT result FROM jobs WHERE id = $1 AND result IS NOT NULL";
      const [row] = await reader.read({ name: "job_result", text, values: [textOf(id)] });
      return row && blobOf(row, "result");
    },
    async appendLogs(id, lines) {
      if (lines.length === 0) return;
      const numbers = lines.map((line) => line.number);
      const messages = lines.map((line) => toBinary(LogLineSchema, line));
      await writer.write(appendJobLogs(textOf(id), numbers, messages));
    },
    async logs(id, { after, limit }) {
      const text =
        "SELECT number::float8 AS line, message FROM job_logs WHERE job_id = $1 AND number > $2 ORDER BY number LIMIT $3";
      return records.readPage({
        limit,
        from: after,
        rows: (from, most) => reader.read({ name: "job_logs", text, values: [textOf(id), from, most] }),
        keyOf: (row) => numberOf(row, "line"),
        read: (row) => readLogLine(row.message, `line ${row.line} of job "${id}"`),
      });
    },
    async delete(id) {
      return writer.write(deleteJob(textOf(id)));
    },
    async deleteEnded(before, { limit }) {
      return writer.write(deleteEndedJobs(before.getTime(), limit));
    },
    async uses(digest) {
      const text = "SELECT FROM jobs WHERE result_digest = $1 LIMIT 1";
      const rows = await reader.read({ name: "job_use", text, values: [textOf(digest)] });
      return rows.length > 0;
    },
  };
}

function jobOf(row: Row): Job {
  return readRecord(JobSchema, row.message, `job "${row.id}"`);
}

function columnsOf(job: Job): JobColumns {
  return [
    textOf(job.id),
    job.requestId ? textOf(job.requestId) : null,
    job.state,
    textOf(job.contextId),
    textOf(job.context),
    textOf(job.binary),
    textOf(job.binaryDigest),
    job.result?.digest ? textOf(job.result.digest) : null,
    epochMs(job.endTime),
    job.revision,
  ];
}
