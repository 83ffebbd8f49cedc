import type { ResourceNames } from "../access/mod.ts";
import type { SparkDeps } from "./deps.ts";
import * as binaries from "./endpoints/binaries.ts";
import * as contexts from "./endpoints/contexts.ts";
import * as data from "./endpoints/data.ts";
import * as health from "./endpoints/health.ts";
import * as jobs from "./endpoints/jobs.ts";
import * as page from "./endpoints/page.ts";
import { POST_JOB_EXPLANATIONS, postJob } from "./endpoints/start_job.ts";
import { UPLOAD_EXPLANATIONS } from "./endpoints/uploads.ts";
import type { SparkRequest } from "./http/request.ts";
import type { Route } from "./http/route.ts";
import { keptName } from "./own_contexts.ts";

export type SparkRoute = Route<SparkDeps>;

/**
 * Every route of spark-jobserver's API; the first match serves. The permission of each route is here and nowhere else. The lists accept any
 * path below their prefix.
 */
export const ROUTES: readonly SparkRoute[] = [
  {
    ...{ method: "GET", path: "/binaries/:app", permission: "binaries:read", timer: "binary-get-single-duration" },
    ...{ named: binaryInPath, serve: binaries.getBinary, explain: binaries.GET_BINARY_EXPLANATIONS },
  },
  {
    ...{ method: "GET", path: "/binaries/**", permission: "binaries:read", timer: "binary-get-duration" },
    serve: binaries.listBinaries,
  },
  {
    ...{ method: "POST", path: "/binaries/:app", permission: "binaries:upload", timer: "binary-post-duration" },
    ...{ named: binaryInPath, serve: binaries.postBinary, explain: UPLOAD_EXPLANATIONS },
  },
  {
    ...{ method: "DELETE", path: "/binaries/:app", permission: "binaries:delete", timer: "binary-delete-duration" },
    ...{ named: binaryInPath, serve: binaries.removeBinary, explain: binaries.REMOVE_BINARY_EXPLANATIONS },
  },
  {
    ...{ method: "GET", path: "/jars/**", permission: "binaries:read", timer: "binary-get-duration" },
    serve: binaries.listJars,
  },
  {
    ...{ method: "POST", path: "/jars/:app", permission: "binaries:upload", timer: "binary-post-duration" },
    ...{ named: binaryInPath, serve: binaries.postJar, explain: UPLOAD_EXPLANATIONS },
  },
  {
    ...{ method: "GET", path: "/contexts/:name", permission: "contexts:read", timer: "context-get-single-duration" },
    ...{ named: contextInPath, serve: contexts.getContext },
  },
  {
    ...{ method: "GET", path: "/contexts/**", permission: "contexts:read", timer: "context-get-duration" },
    serve: contexts.listContexts,
  },
  {
    ...{ method: "POST", path: "/contexts/:name", permission: "contexts:start", timer: "context-post-duration" },
    ...{ named: contextInPath, serve: contexts.postContext, explain: contexts.POST_CONTEXT_EXPLANATIONS },
  },
  {
    ...{
      method: "POST",
      path: "/contexts/:name/restart",
      permission: "contexts:start",
      timer: "context-post-duration",
    },
    ...{ named: contextInPath, serve: contexts.restart, explain: contexts.RESTART_EXPLANATIONS },
  },
  {
    ...{ method: "DELETE", path: "/contexts/:name", permission: "contexts:delete", timer: "context-delete-duration" },
    ...{ named: contextInPath, serve: contexts.removeContext, explain: contexts.REMOVE_CONTEXT_EXPLANATIONS },
  },
  {
    ...{ method: "PUT", path: "/contexts/**", permission: "contexts:reset", timer: "context-put-duration" },
    ...{ named: () => ({ context: EVERY }), serve: contexts.resetContexts },
  },
  {
    ...{ method: "GET", path: "/jobs/:id/config", permission: "jobs:read", timer: "config-get-duration" },
    ...{ named: jobInPath, serve: jobs.getJobConfig },
  },
  {
    ...{ method: "GET", path: "/jobs/:id", permission: "jobs:read", timer: "job-get-single-duration" },
    ...{ named: jobInPath, serve: jobs.getJob },
  },
  { method: "GET", path: "/jobs/**", permission: "jobs:read", timer: "job-get-duration", serve: jobs.listJobs },
  {
    ...{ method: "DELETE", path: "/jobs/:id", permission: "jobs:delete", timer: "job-delete-duration" },
    ...{ named: jobInPath, serve: jobs.removeJob, explain: jobs.REMOVE_JOB_EXPLANATIONS },
  },
  {
    ...{ method: "POST", path: "/jobs", permission: "jobs:start", timer: "job-post-duration" },
    ...{ named: programInQuery, serve: postJob, explain: POST_JOB_EXPLANATIONS },
  },
  { method: "GET", path: "/data/**", permission: "data:read", timer: "data-get-duration", serve: data.listData },
  {
    ...{ method: "POST", path: "/data/:name", permission: "data:upload", timer: "data-post-duration" },
    ...{ named: fileInPath, serve: data.postData, explain: data.POST_DATA_EXPLANATIONS },
  },
  {
    ...{ method: "DELETE", path: "/data/:name", permission: "data:delete", timer: "data-delete-duration" },
    ...{ named: fileInPath, serve: data.removeData },
  },
  { method: "PUT", path: "/data/**", permission: "data:reset", timer: "data-put-duration", serve: data.resetData },
  { method: "GET", path: "/healthz", permission: undefined, timer: undefined, serve: health.getHealth },
  { method: "GET", path: "/metricz", permission: undefined, timer: undefined, serve: health.getMetricz },
  { method: "GET", path: "/metrics", permission: undefined, timer: undefined, serve: health.getMetrics },
  { method: "GET", path: "/", permission: undefined, timer: undefined, serve: page.getPage },
  { method: "GET", path: "/html/:file", permission: undefined, timer: undefined, serve: page.getPageFile },
  { method: "GET", path: "/statusz", permission: undefined, timer: undefined, serve: page.getNothing },
];

/** Stands for all contexts: only a caller that is not limited to some names is authorized for it. */
const EVERY = "*";

function binaryInPath({ path }: SparkRequest): ResourceNames {
  return { binary: path.app ?? "" };
}

function contextInPath(request: SparkRequest): ResourceNames {
  return { context: keptName(request, request.path.name ?? "") };
}

function jobInPath({ path }: SparkRequest): ResourceNames {
  return { job: path.id ?? "" };
}

function fileInPath({ path }: SparkRequest): ResourceNames {
  return { file: path.name ?? "" };
}

/** The body may also name the program; the endpoint authorizes that one. */
function programInQuery(request: SparkRequest): ResourceNames {
  const { query } = request;
  return { context: keptName(request, query.get("context") ?? ""), binary: query.get("appName") ?? undefined };
}

/** Names of all timers. */
export const TIMERS: readonly string[] = [...new Set(ROUTES.flatMap(({ timer }) => timer ?? []))];

const PREFIXES = new Set(ROUTES.map(({ path }) => path.split("/")[1]));

/** Whether a path, before decoding, belongs to this API. */
export function isSparkPath(path: string): boolean {
  return path.startsWith("/") && PREFIXES.has(path.split("/", 2)[1]);
}
