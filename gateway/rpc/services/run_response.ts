import { create, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import { countJson, keepText } from "../../../lib/transcode/mod.ts";
import {
  hasInfinity,
  type Job,
  MAX_NESTING,
  nestsDeeper,
  type RunJobResponse,
  RunJobResponseSchema,
  resultOmitted,
} from "../../../proto/mod.ts";
import type { Core } from "../../core.ts";
import { openResult, shownJob } from "../../jobs/mod.ts";
import { MOST_VALUES } from "../../limits.ts";
import { resultText } from "../../result_text.ts";
import { readAll } from "./content.ts";
import { GRPC_MESSAGE_BYTES, sizeOver } from "./message_bounds.ts";

const TOO_LARGE = "a response has at most 4 MiB";

/**
 * The response of RunJob: with the result if it fits, otherwise with the reason and the location of the result. `kept` is the result that
 * is stored with the job.
 */
export async function runResponse(
  deps: Pick<Core, "dao" | "blobs" | "jobs">,
  job: Job,
  kept: Uint8Array | undefined,
): Promise<RunJobResponse> {
  const shown = shownJob(job);
  const { result } = job;
  if (result === undefined) return create(RunJobResponseSchema, { job: shown });
  const without = (why: string) =>
    create(RunJobResponseSchema, { job: shown, resultOmitted: resultOmitted(job.id, result.sizeBytes, why) });

  const mediaType = result.mediaType || "application/json";
  if (mediaType !== "application/json") return without(`it is ${mediaType}, not JSON`);
  if (result.sizeBytes > GRPC_MESSAGE_BYTES) return without(TOO_LARGE);
  const json = result.digest === "" ? kept : await readAll((await openResult(deps, job)).content);
  if (json === undefined || json.length === 0) return create(RunJobResponseSchema, { job: shown });
  // JSON of this size always fits into a message.
  const isSmall = json.length < GRPC_MESSAGE_BYTES / 16 && job.attempts.length === 0;
  const text = isSmall && json.length <= MOST_VALUES ? resultText(json) : undefined;
  if (text !== undefined) return withText(shown, text);
  const value = toValue(json);
  if (typeof value === "string") return without(value);
  const answer = create(RunJobResponseSchema, { job: shown, result: value });
  return isSmall || sizeOver(RunJobResponseSchema, answer, GRPC_MESSAGE_BYTES) === undefined
    ? answer
    : without(TOO_LARGE);
}

function withText(job: Job, text: string): RunJobResponse {
  const answer = create(RunJobResponseSchema, { job });
  keepText(answer, "result", text);
  return answer;
}

/** The result as a message value, or the reason why it is not possible. */
function toValue(result: Uint8Array): Value | string {
  // Fewer bytes cannot hold more values.
  if (result.length > MOST_VALUES && countJson(result) > MOST_VALUES)
    return `it has over ${MOST_VALUES} values and names`;
  const json = parseJson(result);
  if (json === undefined) return "it is not valid JSON";
  if (nestsDeeper(json)) return `it nests deeper than ${MAX_NESTING} levels`;
  if (hasInfinity(json)) return "it has a number beyond those of a double";
  return fromJson(ValueSchema, json);
}

/** Undefined for invalid JSON: streamed and long results have not been parsed before. */
function parseJson(result: Uint8Array): JsonValue | undefined {
  try {
    return JSON.parse(Buffer.from(result).toString());
  } catch {
    return undefined;
  }
}
