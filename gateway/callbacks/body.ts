import { toJsonString } from "@bufbuild/protobuf";
import { type Job, Job_State, JobSchema, JobSpec_CallbackFormat, resultOmitted } from "../../proto/mod.ts";
import { listedJob } from "../jobs/mod.ts";
import { printCallback } from "../spark/mod.ts";

/** Largest result in a callback, in bytes. A larger one is represented by its size and digest in the job. */
const LONGEST_RESULT_BYTES = 64 * 1024;

/** Prints the body of a callback. The result is the JSON that is stored with the job. */
export function printBody(job: Job, result: Uint8Array | undefined): string {
  const json = result === undefined || result.length === 0 ? undefined : Buffer.from(result).toString();
  switch (job.callbackFormat) {
    case JobSpec_CallbackFormat.CALLBACK_FORMAT_UNSPECIFIED:
    case JobSpec_CallbackFormat.HEARTH:
      return printRunJobResponse(job, json);
    case JobSpec_CallbackFormat.SPARK_JOBSERVER:
      return printCallback(job, json);
    default:
      return job.callbackFormat satisfies never;
  }
}

/** The JSON form of `hearth.v1.RunJobResponse`. The result is spliced in unchanged. */
function printRunJobResponse(job: Job, result: string | undefined): string {
  const text = toJsonString(JobSchema, listedJob(job));
  if (job.state !== Job_State.SUCCEEDED) return `{"job":${text}}`;
  const isKeptApart = (job.result?.digest ?? "") !== "";
  if (result === undefined && !isKeptApart) return `{"job":${text}}`;
  const sizeBytes = result === undefined ? job.result?.sizeBytes : Buffer.byteLength(result);
  if (result !== undefined && Number(sizeBytes) <= LONGEST_RESULT_BYTES) return `{"job":${text},"result":${result}}`;
  const omitted = resultOmitted(job.id, sizeBytes ?? 0, `a callback has at most ${LONGEST_RESULT_BYTES} bytes of it`);
  return `{"job":${text},"resultOmitted":${JSON.stringify(omitted)}}`;
}
