import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Job_State, JobError_Reason, JobSchema, JobSpec_CallbackFormat } from "../../proto/mod.ts";
import { printBody } from "./body.ts";

const { SUCCEEDED, CANCELLED } = Job_State;
const { SPARK_JOBSERVER } = JobSpec_CallbackFormat;
const error = { reason: JobError_Reason.CANCELLED, name: "Cancelled", message: "Cancelled", stack: "s" };
const result = Buffer.from('{"a":[1,2]}');

function parsed(job: Parameters<typeof printBody>[0], bytes?: Uint8Array): unknown {
  return JSON.parse(printBody(job, bytes));
}

test("printBody() prints a job with its result", () => {
  const job = create(JobSchema, { id: "j", state: SUCCEEDED });
  expect(parsed(job, result)).toEqual({ job: { id: "j", state: "SUCCEEDED" }, result: { a: [1, 2] } });
});

test("printBody() omits a result over 64 KiB and says where it is", () => {
  const job = create(JobSchema, { id: "j", state: SUCCEEDED });
  const string = JSON.stringify("x".repeat(64 * 1024));
  const resultOmitted = expect.stringMatching(/^The result of 65538 bytes is left out: .* GET \/v1\/jobs\/j\/result$/);
  expect(parsed(job, Buffer.from(string))).toEqual({ job: { id: "j", state: "SUCCEEDED" }, resultOmitted });
  const apart = create(JobSchema, { id: "j", state: SUCCEEDED, result: { digest: "sha256:", sizeBytes: 65_538n } });
  expect(parsed(apart)).toMatchObject({ resultOmitted });
});

test("printBody() prints a job that returned nothing without a result", () => {
  const job = create(JobSchema, { id: "j", state: SUCCEEDED });
  expect(parsed(job)).toEqual({ job: { id: "j", state: "SUCCEEDED" } });
  expect(parsed(job, new Uint8Array())).toEqual({ job: { id: "j", state: "SUCCEEDED" } });
});

test("printBody() prints the error of a job that did not succeed", () => {
  const job = create(JobSchema, { id: "j", state: CANCELLED, error });
  expect(parsed(job)).toEqual({
    job: {
      id: "j",
      state: "CANCELLED",
      error: { reason: "CANCELLED", name: "Cancelled", message: "Cancelled", stack: "s" },
    },
  });
});

test("printBody() prints a job as spark-jobserver does", () => {
  const job = create(JobSchema, { id: "j", state: SUCCEEDED, callbackFormat: SPARK_JOBSERVER });
  expect(parsed(job, result)).toEqual({ jobId: "j", result: { a: [1, 2] } });
  expect(parsed({ ...job, result: create(JobSchema, { result: { digest: "sha256:" } }).result })).toEqual({
    jobId: "j",
    result: "<Stream result>",
  });
});

test("printBody() prints an error as spark-jobserver does", () => {
  const job = create(JobSchema, { id: "j", state: CANCELLED, error, callbackFormat: SPARK_JOBSERVER });
  expect(parsed(job)).toEqual({
    jobId: "j",
    status: "ERROR",
    result: { message: "Job j killed", errorClass: "Cancelled", stack: "Cancelled: Cancelled" },
  });
});
