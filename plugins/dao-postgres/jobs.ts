import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Job, JobSchema, LogLineSchema } from "../../proto/mod.ts";
import type { JobStore } from "../contract/mod.ts";
import type { Reader } from "./database.ts";
import { appendJobLogs, deleteEndedJobs, deleteJob, insertJob, type JobColumns, updateJob } from "./job_writes.ts";
import { pageQuery } from "./pages.ts";
import { blobOf, type Row } from "./rows.ts";
import { textOf } from "./text.ts";
import { epochMs } from "./time.ts";
import type { Writer } from "./writer.ts";

export function createJobStore(reader: Reader, writer: Writer): JobStore {
  return {
    async insert(job, config, { result } = {}) {
      const taken = await writer.write(insertJob(columnsOf(job), toBinary(JobSchema, job), { config, result }));
      return taken && fromBinary(JobSchema, taken);
    },
    async get(id) {
      const text = "SELECT message FROM jobs WHERE id = $1";
      const [row] = await reader.read({ name: "job", text, values: [textOf(id)] });
      return row && jobOf(row);
    },
    async update(job, { result } = {}) {
      return writer.write(updateJob(columnsOf(job), toBinary(JobSchema, job), result));
    },
    async list({ states, endedBefore, context, contextId, binary, binaryDigest }, { limit, before }) {
      const equal = { context, binary, context_id: contextId, binary_digest: binaryDigest };
      const rows = await reader.read(pageQuery("jobs", { states, endedBefore, before, equal, limit }));
      return rows.map(jobOf);
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
      const text = "SELECT message FROM job_logs WHERE job_id = $1 AND number > $2 ORDER BY number LIMIT $3";
      const rows = await reader.read({ name: "job_logs", text, values: [textOf(id), after, limit] });
      return rows.map((row) => fromBinary(LogLineSchema, blobOf(row, "message")));
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
  return fromBinary(JobSchema, blobOf(row, "message"));
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
