import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { StructSchema, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { jobNotFound } from "../../proto/errors.ts";
import {
  hasInfinity,
  type Job,
  type JobService,
  JobSpecSchema,
  ListJobLogsResponseSchema,
  ListJobsResponseSchema,
  type LogLine,
  nestsDeeper,
  RunJobResponseSchema,
} from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import {
  cancelJob,
  followResult,
  openResult,
  parseConfig,
  runJob,
  shownJob,
  submitJob,
  toMs,
  watchJob,
  watchJobLogs,
} from "../jobs/mod.ts";
import { MOST_VALUES } from "../limits.ts";
import { countJson } from "../transcode/mod.ts";
import type { Implementation } from "./call.ts";
import { readAll, toHttpBodies } from "./content.ts";
import { pageLimit, parsePageToken, readPage, pageToken as toPageToken } from "./paging.ts";

/** A larger result is left out of the answer of RunJob. */
const LARGEST_INLINE_BYTES = 4 * 1024 * 1024;

export function createJobService(deps: Core): Implementation<typeof JobService> {
  return {
    async submitJob({ job: spec = create(JobSpecSchema), requestId }, { signal }, { caller }) {
      const { job } = await submitJob(deps, { spec, requestId, caller, signal });
      return shownJob(job);
    },
    async runJob({ job: spec = create(JobSpecSchema), requestId, waitTimeout }, { signal }, { caller }) {
      const run = { spec, requestId, caller, waitMs: toMs(waitTimeout), signal };
      const { job, result: kept } = await runJob(deps, run);
      const result = isInlined(job) ? await readAll((await openResult(deps, job)).content) : kept;
      return create(RunJobResponseSchema, { job: shownJob(job), result: inlined(result) });
    },
    async getJob({ jobId }) {
      const job = await deps.jobs.get(jobId);
      if (job === undefined) throw jobNotFound(jobId);
      return shownJob(job);
    },
    async listJobs({ pageSize, pageToken, states, context, binary }, _call, guard) {
      const filter = { states, context: context || undefined, binary: binary || undefined };
      const { rows: jobs, nextPageToken } = await readPage({
        limit: pageLimit(pageSize),
        token: pageToken,
        key: ({ id }: Job) => id,
        covers: (job) => guard.covers(job),
        read: (limit, before) => deps.dao.jobs.list(filter, { limit, before }),
      });
      return create(ListJobsResponseSchema, { jobs: jobs.map(shownJob), nextPageToken });
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
    async getJobConfig({ jobId }) {
      const config = await deps.jobs.config(jobId);
      if (config === undefined) throw jobNotFound(jobId);
      return fromJson(StructSchema, parseConfig(jobId, config));
    },
    watchJobLogs({ jobId, afterNumber }, { signal }) {
      return watchJobLogs(deps, jobId, { afterNumber, signal });
    },
    async listJobLogs({ jobId, pageSize, pageToken }) {
      if ((await deps.jobs.get(jobId)) === undefined) throw jobNotFound(jobId);
      const limit = pageLimit(pageSize, { fallback: 1000, largest: 10_000 });
      const after = Number(parsePageToken(pageToken) ?? 0);
      const { lines, nextPageToken } = await readLogPage(deps, jobId, { after, limit });
      return create(ListJobLogsResponseSchema, { lines, nextPageToken });
    },
  };
}

/** Lines that are read from the store at once, and characters of a page that is long enough: lines may be long. */
const LINES_AT_ONCE = 250;
const LOG_PAGE_LENGTH = 1024 * 1024;

/** A page of log lines; of long lines it has fewer than the limit. */
async function readLogPage(
  { dao }: Pick<Core, "dao">,
  jobId: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<{ lines: LogLine[]; nextPageToken: string }> {
  const lines: LogLine[] = [];
  let length = 0;
  while (lines.length <= limit && length < LOG_PAGE_LENGTH) {
    const wanted = Math.min(LINES_AT_ONCE, limit + 1 - lines.length);
    const found = await dao.jobs.logs(jobId, { after: lines.at(-1)?.number ?? after, limit: wanted });
    lines.push(...found);
    length += found.reduce((sum, { text }) => sum + text.length, 0);
    if (found.length < wanted) return { lines, nextPageToken: "" };
  }
  const page = lines.slice(0, limit);
  return { lines: page, nextPageToken: toPageToken(String(page.at(-1)?.number ?? after)) };
}

/** JSON of a result, which is empty when the job returned undefined, as the JSON that it is read as. */
async function* orNull(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const chunk of content) {
    isEmpty &&= chunk.length === 0;
    yield chunk;
  }
  if (isEmpty) yield Buffer.from("null");
}

/** Whether a result that is kept as a blob goes with the job all the same. */
function isInlined({ result }: Job): boolean {
  if (result === undefined || result.digest === "" || result.mediaType !== "application/json") return false;
  return result.sizeBytes <= LARGEST_INLINE_BYTES;
}

/** A result as it goes with its job; undefined when there is none, it has too many values, or values that a message cannot carry. */
function inlined(result: Uint8Array | undefined): Value | undefined {
  if (result === undefined || result.length === 0) return undefined;
  // Fewer bytes cannot have more values.
  if (result.length > MOST_VALUES && countJson(result) > MOST_VALUES) return undefined;
  const json = parseJson(result);
  return json === undefined || nestsDeeper(json) || hasInfinity(json) ? undefined : fromJson(ValueSchema, json);
}

/** Undefined for what is no JSON: of a result that is streamed or long, nobody has looked at it before. */
function parseJson(result: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(result).toString());
  } catch {
    return undefined;
  }
}
