import { BATCH_WEIGHT, MAX_IN_BATCH } from "./bounds.ts";
import type { ExecutorReport, SandboxReport, ThrownError } from "./protocol.ts";

/** What the keys and numbers of a report weigh. */
const FRAME = 64;

/** About how many UTF-16 units of JSON a report makes. */
export function weigh(report: SandboxReport): number {
  return report.type === "reported"
    ? report.messages.reduce((sum, message) => sum + weighMessage(message), FRAME)
    : FRAME;
}

/** Cuts what an executor sent in one turn of its event loop into pieces that fit into batches. */
export function* inPieces(reports: readonly ExecutorReport[]): Generator<readonly ExecutorReport[]> {
  let start = 0;
  let weight = 0;
  for (let index = 0; index < reports.length; index++) {
    weight += weighMessage(reports[index] as ExecutorReport);
    if (weight < BATCH_WEIGHT && index - start < MAX_IN_BATCH - 1) continue;
    yield reports.slice(start, index + 1);
    start = index + 1;
    weight = 0;
  }
  if (start === 0) yield reports;
  else if (start < reports.length) yield reports.slice(start);
}

function weighMessage(report: ExecutorReport): number {
  switch (report.type) {
    case "logged":
      return report.lines.reduce((sum, { text }) => sum + FRAME + text.length, FRAME);
    case "progress":
      return FRAME + report.message.length + (report.fields?.length ?? 0);
    case "resultPart":
      return FRAME + report.base64.length;
    case "succeeded":
      return FRAME + (report.json?.length ?? 0);
    case "failed":
    case "crashed":
      return FRAME + weighError(report.error);
    case "rejected":
      return report.problems.reduce((sum, problem) => sum + problem.length, FRAME);
    case "denied":
      return FRAME + report.message.length;
    default:
      return FRAME;
  }
}

function weighError({ name, message, stack }: ThrownError): number {
  return name.length + message.length + stack.length;
}
