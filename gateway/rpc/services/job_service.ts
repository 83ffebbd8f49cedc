import { create, fromJson } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { configNotSent, jobNotFound } from "../../../proto/errors.ts";
import {
  type Job,
  type JobService,
  JobSpecSchema,
  ListJobLogsResponseSchema,
  ListJobStagesResponseSchema,
  ListJobsResponseSchema,
  type LogLine,
} from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import { toMs } from "../../intake/mod.ts";
import {
  cancelJob,
  followResult,
  listedJob,
  parseJobConfig,
  runJob,
  shownJob,
  submitJob,
  submitQuery,
  watchJob,
  watchJobLogs,
} from "../../jobs/mod.ts";
import type { Implementation } from "../call.ts";
import { toHttpBodies } from "./content.ts";
import { GRPC_MESSAGE_BYTES, isGrpc, sizeOver } from "./message_bounds.ts";
import { numberIn, pageLimit, readPage } from "./paging.ts";
import { runResponse } from "./run_response.ts";

export function createJobService(deps: Core): Implementation<typeof JobService> {
  return {
    async submitJob({ job: spec = create(JobSpecSchema), requestId }, { signal }, { caller }) {
      const { job } = await submitJob(deps, { spec, requestId, caller, signal });
      return shownJob(job);
    },
    async runJob({ job: spec = create(JobSpecSchema), requestId, waitTimeout }, { signal }, { caller }) {
      const run = { spec, requestId, caller, waitMs: toMs(waitTimeout), signal };
      const { job, result } = await runJob(deps, run);
      return runResponse(deps, job, result);
    },
    async getJob({ jobId }) {
      const job = await deps.jobs.get(jobId);
      if (job === undefined) throw jobNotFound(jobId);
      return shownJob(job);
    },
    async listJobs({ pageSize, pageToken, states, context, binary }, _call, authorization) {
      const filter = { states, context: context || undefined, binary: binary || undefined };
      const { rows: jobs, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ id }: Job) => id,
        covers: (job) => authorization.covers(job),
        read: (limit, before) => deps.dao.jobs.list(filter, { limit, before }),
      });
      return create(ListJobsResponseSchema, { jobs: jobs.map(listedJob), nextPageToken });
    },
    watchJob({ jobId, afterSeq }, { signal }) {
      return watchJob(deps, jobId, { afterSeq, signal });
    },
    async cancelJob({ jobId }, { signal }) {
      return shownJob(await cancelJob(deps, jobId, { signal }));
    },
    async *getJobResult({ jobId }, { signal }) {
      const { mediaType, content } = await followResult(deps, jobId, { signal });
      yield* toHttpBodies(mediaType === "application/json" ? orNull(content) : content, mediaType);
    },
    async *runSql({ context, sql, timeout }, { signal, responseHeader }, authorization) {
      // Authorized like a submission that names no binary.
      await authorization.allow({ context, binary: "" });
      await using query = await submitQuery(deps, { context, sql, timeout }, { signal });
      authorization.addResources({ job: query.jobId });
      responseHeader.set("hearth-job-id", query.jobId);
      const { mediaType, content } = await query.run({ signal });
      yield* toHttpBodies(content, mediaType);
    },
    async getJobConfig({ jobId }, { requestHeader }) {
      const config = await deps.jobs.config(jobId);
      if (config === undefined) throw jobNotFound(jobId);
      const message = fromJson(StructSchema, parseJobConfig(jobId, config));
      const sizeBytes = isGrpc(requestHeader) ? sizeOver(StructSchema, message, GRPC_MESSAGE_BYTES) : undefined;
      if (sizeBytes !== undefined) throw configNotSent(jobId, sizeBytes, GRPC_MESSAGE_BYTES);
      return message;
    },
    async listJobStages({ jobId }) {
      const job = await deps.jobs.get(jobId);
      if (job === undefined) throw jobNotFound(jobId);
      return create(ListJobStagesResponseSchema, { stages: job.progress?.stages ?? [] });
    },
    watchJobLogs({ jobId, afterNumber }, { signal }) {
      return watchJobLogs(deps, jobId, { afterNumber, signal });
    },
    async listJobLogs({ jobId, pageSize, pageToken }) {
      if ((await deps.jobs.get(jobId)) === undefined) throw jobNotFound(jobId);
      const { rows: lines, nextPageToken } = await readPage({
        limit: pageLimit(pageSize, { fallback: 1000, largest: 10_000 }),
        token: pageToken,
        key: ({ number }: LogLine) => String(number),
        read: (limit, after) => deps.dao.jobs.logs(jobId, { after: numberIn(after) ?? 0, limit }),
      });
      return create(ListJobLogsResponseSchema, { lines, nextPageToken });
    },
  };
}

/** The JSON of a result: `null` for the empty result of a job that returned undefined. */
async function* orNull(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of content) {
    isEmpty &&= chunk.length === 0;
    yield chunk;
  }
  if (isEmpty) yield Buffer.from("null");
}
