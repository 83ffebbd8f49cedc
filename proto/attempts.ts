import { create } from "@bufbuild/protobuf";
import { type Attempt, AttemptSchema, type JobError, JobErrorSchema } from "./gen/es/hearth/v1/job_pb.js";
import { sizeAtMost } from "./message_size.ts";

/** Bytes that the attempts of one job may take: a job travels as one message, and lists hold many. */
const ATTEMPTS_BYTES = 512 * 1024;

/** Length that the name and the message of an error are cut to, in characters. */
const SHORT_TEXT = 512;

/** The attempts of a job, the newest as they are; the errors of older ones are cut where together they would be too large. */
export function boundAttempts(attempts: readonly Attempt[]): Attempt[] {
  let sizeBytes = 0;
  return attempts
    .toReversed()
    .map((attempt) => {
      sizeBytes += sizeAtMost(attempt);
      if (sizeBytes <= ATTEMPTS_BYTES || attempt.error === undefined) return attempt;
      return create(AttemptSchema, { ...attempt, error: shorten(attempt.error) });
    })
    .toReversed();
}

function shorten({ reason, name, message }: JobError): JobError {
  const cut = (text: string): string => (text.length <= SHORT_TEXT ? text : `${text.slice(0, SHORT_TEXT)} … (cut)`);
  return create(JobErrorSchema, { reason, name: cut(name), message: cut(message) });
}
