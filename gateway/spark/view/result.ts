import type { Job } from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import { openResult } from "../../jobs/mod.ts";
import type { Answer } from "../http/answer.ts";
import type { JobReport } from "./report.ts";

const decoder = new TextDecoder();

/** Result of a job as JSON: a text, a stream, or undefined when the job returned undefined. */
export type ResultJson = string | AsyncIterable<Uint8Array> | undefined;

/** Reads a result that is stored with the job, opens a stream for others. */
export async function readResult(deps: Pick<Core, "dao" | "blobs" | "jobs">, job: Job): Promise<ResultJson> {
  if (!job.result?.digest) return resultText(await deps.dao.jobs.result(job.id));
  const { mediaType, content } = await openResult(deps, job);
  return mediaType === "application/json" ? content : printBase64(content);
}

/** Bytes as a JSON string. */
async function* printBase64(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('"');
  let rest = Buffer.alloc(0);
  for await (const part of content) {
    const bytes = Buffer.concat([rest, part]);
    // Three bytes are four characters: only the end needs padding.
    const whole = bytes.length - (bytes.length % 3);
    yield Buffer.from(bytes.toString("base64", 0, whole));
    rest = bytes.subarray(whole);
  }
  yield Buffer.from(`${rest.toString("base64")}"`);
}

/** The result that is stored with a job. */
export function resultText(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : decoder.decode(bytes);
}

/** The report of a job with its result in the place of `result`; a stream is forwarded in chunks. */
export function printReport(report: JobReport, result: ResultJson): Answer["body"] {
  if (result === undefined) return JSON.stringify(report);
  const { duration, classPath, startTime, context, status, jobId, contextId } = report;
  const before = { duration, classPath, startTime, context };
  return around(before, result, { status, jobId, contextId });
}

/** Response to a synchronous job: `{"jobId":…,"result":…}`. */
export function printSynchronous(jobId: string, result: ResultJson): Answer["body"] {
  return around({ jobId }, result ?? "null", {});
}

/** One object: the keys before, `result`, the keys after. */
function around(before: object, result: string | AsyncIterable<Uint8Array>, after: object): Answer["body"] {
  const head = `${JSON.stringify(before).slice(0, -1)},"result":`;
  const rest = JSON.stringify(after).slice(1);
  const tail = rest === "}" ? rest : `,${rest}`;
  return typeof result === "string" ? head + result + tail : chain(head, result, tail);
}

async function* chain(
  head: string,
  content: AsyncIterable<Uint8Array>,
  tail: string,
): AsyncGenerator<string | Uint8Array> {
  yield head;
  yield* content;
  yield tail;
}
