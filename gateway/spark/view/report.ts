import type { Job } from "../../../proto/mod.ts";
import { jobError } from "./job_error.ts";
import { JOB_STATUS } from "./states.ts";
import { formatDuration, localTime, NOT_DONE } from "./times.ts";

/** Report of a job. Its keys keep spark-jobserver's order. */
export interface JobReport {
  readonly duration: string;
  readonly classPath: string;
  readonly startTime: string;
  readonly context: string;
  /** The error. The result is printed in this place too. */
  readonly result?: unknown;
  readonly status: string;
  readonly jobId: string;
  readonly contextId: string;
}

/** Reports a job, with its error if it has one. */
export function reportJob(job: Job): JobReport {
  const start = job.startTime ?? job.createTime;
  return {
    duration: formatDuration(start, job.endTime),
    classPath: job.entryPoint,
    startTime: localTime(start),
    context: job.context || "<<ad-hoc>>",
    result: jobError(job),
    status: JOB_STATUS[job.state],
    jobId: job.id,
    contextId: job.contextId,
  };
}

/** Reports a job that was just started, even if it has ended. */
export function reportStarted(job: Job): JobReport {
  return { ...reportJob(job), duration: NOT_DONE, result: undefined, status: "STARTED" };
}
