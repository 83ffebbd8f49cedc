import type { JobError } from "../../proto/node.ts";
import type { Outcome, SandboxEnd } from "../runtime/mod.ts";
import type { Redactor } from "./redactor.ts";

/** Redacts the outcome of a job. The parts of a streamed result were forwarded before. */
export function redactOutcome(redactor: Redactor | undefined, outcome: Outcome): Outcome {
  if (redactor === undefined) return outcome;
  const { text } = redactor;
  switch (outcome.type) {
    case "succeeded":
      return outcome.json === undefined ? outcome : { ...outcome, json: redactor.json(outcome.json) };
    case "failed":
      return { ...outcome, error: redactError(redactor, outcome.error) };
    case "postponed":
      return { ...outcome, calledOff: outcome.calledOff.then((error) => error && redactError(redactor, error)) };
    case "rejected":
      return { ...outcome, problems: outcome.problems.map(text) };
    case "denied":
      return { ...outcome, message: text(outcome.message) };
    case "lost":
      return { ...outcome, end: redactEnd(redactor, outcome.end) };
    case "streamed":
    case "terminated":
      return outcome;
    default:
      return outcome satisfies never;
  }
}

function redactError({ text }: Redactor, error: JobError): JobError {
  const { name, message, stack, problems } = error;
  return { ...error, name: text(name), message: text(message), stack: text(stack), problems: problems.map(text) };
}

/** Redacts the end of a sandbox. */
export function redactEnd(redactor: Redactor | undefined, end: SandboxEnd): SandboxEnd {
  if (redactor === undefined || end.type === "disposed") return end;
  return { ...end, message: redactor.text(end.message) };
}
