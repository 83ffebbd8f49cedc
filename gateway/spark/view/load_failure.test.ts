import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Job_State, JobError_Reason, JobErrorSchema, JobSchema } from "../../../proto/mod.ts";
import { answerLoadFailure } from "./load_failure.ts";

function answer(message: string, reason = JobError_Reason.LOAD_FAILED) {
  const error = create(JobErrorSchema, { reason, message });
  const job = create(JobSchema, { id: "j", entryPoint: "a.Job", state: Job_State.FAILED, error });
  const { status, body } = answerLoadFailure(job) ?? {};
  return { status, body: typeof body === "string" ? JSON.parse(body) : body };
}

const OTHER_KIND = "Invalid job type for this context: a.Job is a streaming job";

test.each<[string, string, number, object]>([
  ["a class that is not there", "Class a.Job not found in jars jobs", 404, { result: "classPath a.Job not found" }],
  ["a job of another kind", OTHER_KIND, 400, { result: "Invalid job type for this context", reason: OTHER_KIND }],
  [
    "what else fails",
    "Class b.Lib not found",
    400,
    { status: "JOB LOADING FAILED", result: { message: "Class b.Lib not found" } },
  ],
])("answerLoadFailure() answers for %s", (_, message, status, body) => {
  expect(answer(message)).toMatchObject({ status, body: { jobId: "j", ...body } });
});

test("answerLoadFailure() ignores other failures", () => {
  expect(answer("Class a.Job not found", JobError_Reason.THROWN)).toEqual({ status: undefined, body: undefined });
});
