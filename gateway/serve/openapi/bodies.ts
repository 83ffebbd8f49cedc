import type { JsonObject } from "@bufbuild/protobuf";
import type { OperationExamples, RawTypes } from "../../../lib/transcode/mod.ts";
import { PAGE_TOKEN_PATTERN } from "../../rpc/mod.ts";

const OCTETS = "application/octet-stream";

/** Media types of uploads and downloads, by method. */
export const RAW_TYPES: ReadonlyMap<string, RawTypes> = new Map([
  ["BinaryService.DownloadBinary", { response: [OCTETS] }],
]);

/** Constraints of fields beyond the rules in the protos, by the name of the field, or of its message and the field. */
export const KEYWORDS: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ["page_token", { pattern: PAGE_TOKEN_PATTERN }],
  ["JobSpec.callback_url", { format: "uri", pattern: "^[Hh][Tt][Tt][Pp][Ss]?://" }],
]);

const JOB_ID = "019a2b6e-7c1d-7f3e-9a41-5d0c8e2f6b17";
const CREATED = "2026-01-31T12:00:00.125Z";

/** Examples of bodies, by method. */
export const EXAMPLES: ReadonlyMap<string, OperationExamples> = new Map([
  [
    "JobService.SubmitJob",
    {
      request: { binary: "wordcount", entryPoint: "WordCount", config: { text: "to be or not to be", top: 2 } },
      response: { id: JOB_ID, state: "QUEUED", binary: "wordcount", binaryVersion: 1, createTime: CREATED },
    },
  ],
  [
    "JobService.RunJob",
    {
      request: { binary: "wordcount", config: { text: "to be or not to be", top: 2 } },
      response: {
        job: { id: JOB_ID, state: "SUCCEEDED", binary: "wordcount", binaryVersion: 1, createTime: CREATED },
        result: { to: 2, be: 2 },
      },
    },
  ],
  [
    "ContextService.CreateContext",
    {
      response: { id: "019a2b6e-6a02-7c55-8b1f-27f1a9d4c3e0", name: "warm", state: "RUNNING", createTime: CREATED },
    },
  ],
]);
