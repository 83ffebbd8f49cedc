import { type Job, withoutCredentials } from "../../proto/mod.ts";
import { requestIdOf } from "./request_id.ts";

/** A job as lists show it: without the stages of its progress, which one call of their own lists. */
export function listedJob(job: Job): Job {
  const shown = shownJob(job);
  if (job.progress === undefined || job.progress.stages.length === 0) return shown;
  return { ...shown, progress: { ...job.progress, stages: [] } };
}

/** A job as callers and receivers of callbacks see it: with the request id that its caller gave, and no credentials. */
export function shownJob(job: Job): Job {
  if (job.requestId === "" && job.callbackUrl === "") return job;
  return { ...job, requestId: requestIdOf(job.requestId), callbackUrl: withoutCredentials(job.callbackUrl) };
}
