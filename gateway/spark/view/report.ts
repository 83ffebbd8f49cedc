import type { Job } from "../../../proto/mod.ts";
import { jobError } from "./job_error.ts";
import { JOB_STATUS } from "./states.ts";
import { formatDuration, localTime, NOT_DONE } from "./times.ts";

/** How a job is reported. Clients have seen the keys in this order only. */
export interface JobReport {
  readonly duration: string;
  readonly classPath: string;
  readonly startTime: string;
  readonly context: string;
  /** Its error; what it returned is printed in this place too. */
  readonly result?: unknown;
  readonly status: string;
  readonly jobId: string;
  readonly contextId: string;
}

/** The report of a job as it stands, with its error when it has one. */
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

/** The report of a job that was just started, however fast it was. */
export function reportStarted(job: Job): JobReport {
  return { ...reportJob(job), duration: NOT_DONE, result: undefined, status: "STARTED" };
}
