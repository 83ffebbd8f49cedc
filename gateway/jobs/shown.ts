import { type Job, withoutCredentials } from "../../proto/mod.ts";
import { listedQuery } from "./query.ts";
import { requestIdOf } from "./request_id.ts";

/** A job as lists show it: without the stages of its progress, and with the beginning of its query. */
export function listedJob(job: Job): Job {
  const shown = { ...shownJob(job) };
  const { progress, sql } = job;
  if (progress !== undefined) shown.progress = { ...progress, stages: [] };
  if (sql !== undefined) shown.sql = listedQuery(sql);
  return shown;
}

/** A job as callers and callbacks see it: with the request id as given, and without credentials. */
export function shownJob(job: Job): Job {
  if (job.requestId === "" && job.callbackUrl === "") return job;
  return { ...job, requestId: requestIdOf(job.requestId), callbackUrl: withoutCredentials(job.callbackUrl) };
}
