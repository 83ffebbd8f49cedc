import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Job_State, JobError_Reason, JobErrorSchema, JobSchema } from "../../../proto/mod.ts";
import { jobError } from "./job_error.ts";

test.each([
  [JobError_Reason.THROWN, "TypeError", "TypeError"],
  [JobError_Reason.THROWN, "", "Error"],
  [JobError_Reason.INVALID_CONFIG, "", "java.lang.Throwable"],
  [JobError_Reason.NODE_LOST, "NODE_LOST", "ContextTerminatedException"],
  [JobError_Reason.CONTEXT_LOST, "CONTEXT_LOST", "ContextTerminatedException"],
  [JobError_Reason.OUT_OF_MEMORY, "", "OutOfMemoryError"],
])("jobError() names an error of reason %d and name %j %s", (reason, name, errorClass) => {
  const error = create(JobErrorSchema, { reason, name, message: "why" });
  expect(jobError(create(JobSchema, { state: Job_State.FAILED, error }))).toEqual({
    ...{ message: "why", errorClass },
    stack: `${errorClass}: why`,
  });
});

test("jobError() reports a job without an error as such", () => {
  expect(jobError(create(JobSchema, { state: Job_State.SUCCEEDED }))).toBeUndefined();
});
