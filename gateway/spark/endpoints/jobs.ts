import { timestampMs } from "@bufbuild/protobuf/wkt";
import { renderConfig } from "../../../lib/hocon/mod.ts";
import { type Job, Job_State } from "../../../proto/mod.ts";
import { cancelJob, parseJobConfig } from "../../jobs/mod.ts";
import type { SparkDeps } from "../deps.ts";
import { type Answer, failure, json, rawJson } from "../http/answer.ts";
import { readInteger, readTimeoutMs } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { begun, printArray } from "../pages.ts";
import { jobError } from "../view/job_error.ts";
import { reportJob } from "../view/report.ts";
import { printReport, readResult } from "../view/result.ts";
import { statesOf } from "../view/states.ts";
import { answerTimeout, settledIn } from "./timeout.ts";

const DEFAULT_LIMIT = 50;
const PAGE = 500;

/** `GET /jobs` */
export async function listJobs({ core, authorization }: SparkDeps, { query }: SparkRequest): Promise<Answer> {
  const limit = readInteger(query, "limit", { fallback: DEFAULT_LIMIT });
  const status = query.get("status");
  const states = status === null ? undefined : statesOf(status);
  if (limit <= 0 || states?.length === 0) return json(200, []);
  return rawJson(200, await begun(printArray(newestJobs(core, { states, limit, authorization }), reportJob)));
}

/** `GET /jobs/<id>` */
export async function getJob({ core }: SparkDeps, { path }: SparkRequest): Promise<Answer> {
  const job = await core.jobs.get(path.id ?? "");
  if (job === undefined) return noSuchJob(path.id);
  const result = job.state === Job_State.SUCCEEDED ? await readResult(core, job) : undefined;
  return rawJson(200, printReport(reportJob(job), result));
}

/** `GET /jobs/<id>/config` */
export async function getJobConfig({ core }: SparkDeps, { path }: SparkRequest): Promise<Answer> {
  const config = await core.jobs.config(path.id ?? "");
  if (config === undefined) return noSuchJob(path.id);
  return rawJson(200, renderConfig(parseJobConfig(path.id ?? "", config)));
}

/** `DELETE /jobs/<id>` */
export async function removeJob({ core }: SparkDeps, { path, query, signal }: SparkRequest): Promise<Answer> {
  const timeoutMs = readTimeoutMs(query);
  const job = await core.jobs.get(path.id ?? "");
  if (job === undefined) return noSuchJob(path.id);
  if (job.state === Job_State.SUCCEEDED || job.state === Job_State.CANCELLED) return notRunning(job.id);
  const cancelled = cancelJob(core, job.id, { signal });
  if (!(await settledIn(cancelled, timeoutMs))) {
    return answerTimeout({ jobId: job.id, context: job.context, timeoutMs });
  }
  return answerEnd(await cancelled);
}

/** Response of `DELETE /jobs/<id>` when the job's context cannot be reached. */
export const REMOVE_JOB_EXPLANATIONS: Explanations = {
  NODE_UNREACHABLE: (_, { path }) => notRunning(path.id),
};

function answerEnd(job: Job): Answer {
  if (job.state === Job_State.CANCELLED) return json(200, { status: "KILLED" });
  const error = jobError(job);
  return error === undefined ? notRunning(job.id) : json(200, { status: "ERROR", ERROR: error });
}

function noSuchJob(id: string | undefined): Answer {
  return failure(404, `No such job ID ${id}`);
}

function notRunning(id: string | undefined): Answer {
  return failure(404, `No running job with ID ${id}`);
}

/** The latest submissions, sorted by their start, the newest first, as clients expect. */
async function* newestJobs(
  { dao }: SparkDeps["core"],
  {
    states,
    limit,
    authorization,
  }: { states: readonly Job_State[] | undefined; limit: number; authorization: SparkDeps["authorization"] },
): AsyncGenerator<Job> {
  let left = limit;
  let before: string | undefined;
  while (left > 0) {
    const wanted = authorization.isUnlimited ? Math.min(left, PAGE) : PAGE;
    const page = await dao.jobs.list({ states }, { limit: wanted, before });
    const covered = page.filter((job) => authorization.covers(job)).slice(0, left);
    yield* covered.toSorted((a, b) => startOf(b) - startOf(a));
    if (page.length < wanted) return;
    left -= covered.length;
    before = page.at(-1)?.id;
  }
}

function startOf({ startTime, createTime }: Job): number {
  const start = startTime ?? createTime;
  return start === undefined ? 0 : timestampMs(start);
}
