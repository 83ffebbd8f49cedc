import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { applyJobEvent, type Job, Job_State, JobError_Reason, JobEventSchema, JobSchema } from "./mod.ts";

const error = { reason: JobError_Reason.THROWN, name: "Error", message: "€".repeat(16_000), stack: "€".repeat(16_000) };

/** The job after an abandoned attempt, with the next one begun. */
function afterAttempt(job: Job, attempt: number): Job {
  const seq = attempt * 2;
  const base = { jobId: job.id, attempt, time: timestampFromMs(attempt) };
  const running = create(JobEventSchema, { ...base, seq, event: { case: "running", value: {} } });
  const retrying = create(JobEventSchema, { ...base, seq: seq + 1, event: { case: "retrying", value: { error } } });
  const next = applyJobEvent(applyJobEvent(job, running) ?? job, retrying);
  if (next === undefined) throw new Error("retrying is a legal move");
  return { ...next, attempt: attempt + 1 };
}

test("a job with a hundred attempts that failed with large errors stays small, and keeps the newest errors whole", () => {
  let job: Job = create(JobSchema, { id: "j", state: Job_State.QUEUED, attempt: 1 });
  for (let attempt = 1; attempt <= 100; attempt++) job = afterAttempt(job, attempt);
  expect(toBinary(JobSchema, job).length).toBeLessThan(1024 * 1024);
  expect(job.attempts.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(job.attempts.at(-1)?.error).toMatchObject(error);
  expect(job.attempts[0]?.error).toMatchObject({
    name: "Error",
    message: expect.stringMatching(/^€+ … \(cut\)$/),
    stack: "",
  });
});
