import { z } from "zod";
import {
  LAST_TIME_MS,
  LONGEST_INLINE_JSON,
  LONGEST_NAME,
  LONGEST_NOTICE,
  LONGEST_PROGRESS_FIELDS,
  LONGEST_PROGRESS_MESSAGE,
  LONGEST_TEXT,
  MOST_IN_BATCH,
  MOST_PROBLEMS,
  PART_BYTES,
} from "../sandbox/messages/bounds.ts";
import type { SandboxReport } from "../sandbox/messages/protocol.ts";

/**
 * What a sandbox may send, as it arrives: JSON, in which an absent key stands for undefined. The schemas are strict, because a sandbox
 * whose first wall is broken may send anything.
 */

const ordinal = z.int().positive();
const count = z.int().nonnegative();
const time = z.int().min(0).max(LAST_TIME_MS);
const text = z.string().max(LONGEST_TEXT + LONGEST_NOTICE);
const name = z.string().max(LONGEST_NAME);

const thrown = z.strictObject({ name: text, message: text, stack: text });

const loggedLine = z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]), time, text });

/** JSON text that is an object; parsed where it is used. */
const objectJson = z.string().max(LONGEST_PROGRESS_FIELDS).refine(isObjectJson, "expected the JSON of an object");

/** Base64 makes four characters of three bytes. */
const LONGEST_BASE64 = Math.ceil(PART_BYTES / 3) * 4;

const executorReport = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("validating"), run: ordinal }),
  z.strictObject({ type: z.literal("running"), run: ordinal }),
  z.strictObject({
    type: z.literal("progress"),
    run: ordinal,
    fraction: z.number().min(0).max(1),
    message: z.string().max(LONGEST_PROGRESS_MESSAGE + LONGEST_NOTICE),
    fields: objectJson.optional(),
  }),
  z.strictObject({ type: z.literal("logged"), run: ordinal, lines: z.array(loggedLine).max(MOST_IN_BATCH) }),
  z.strictObject({
    type: z.literal("resultBegun"),
    run: ordinal,
    mediaType: z.enum(["application/json", "application/octet-stream"]),
  }),
  z.strictObject({ type: z.literal("resultPart"), run: ordinal, base64: z.string().max(LONGEST_BASE64) }),
  z.strictObject({ type: z.literal("succeeded"), run: ordinal, json: z.string().max(LONGEST_INLINE_JSON).optional() }),
  z.strictObject({ type: z.literal("streamed"), run: ordinal }),
  z.strictObject({
    type: z.literal("failed"),
    run: ordinal,
    reason: z.enum(["THROWN", "LOAD_FAILED", "RESULT_TOO_LARGE"]),
    error: thrown,
  }),
  z.strictObject({ type: z.literal("rejected"), run: ordinal, problems: z.array(text).min(1).max(MOST_PROBLEMS) }),
  z.strictObject({ type: z.literal("denied"), run: ordinal, message: text }),
  z.strictObject({ type: z.literal("crashed"), error: thrown }),
  z.strictObject({ type: z.literal("outOfHeap") }),
  z.strictObject({ type: z.literal("dataList"), request: ordinal }),
  z.strictObject({ type: z.literal("dataOpen"), request: ordinal, name }),
  z.strictObject({ type: z.literal("dataPull"), request: ordinal }),
  z.strictObject({ type: z.literal("dataCancel"), request: ordinal }),
]);

const executorEnd = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("terminated") }),
  z.strictObject({ type: z.literal("exited") }),
  z.strictObject({ type: z.literal("outOfMemory") }),
  z.strictObject({ type: z.literal("crashed"), error: thrown }),
]);

const sandboxReport = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready") }),
  z.strictObject({ type: z.literal("pong") }),
  z.strictObject({
    type: z.literal("told"),
    executor: ordinal,
    messages: z.array(executorReport).min(1).max(MOST_IN_BATCH),
  }),
  z.strictObject({ type: z.literal("unresponsive"), executor: ordinal }),
  z.strictObject({ type: z.literal("executorEnded"), executor: ordinal, end: executorEnd }),
  z.strictObject({
    type: z.literal("objectStored"),
    object: z.strictObject({ name, sizeBytes: count, createdAt: time, expiresAt: time.optional() }),
  }),
  z.strictObject({ type: z.literal("objectRemoved"), name }),
  z.strictObject({ type: z.literal("objectDropped"), request: ordinal, existed: z.boolean() }),
]);

const batch = z.array(sandboxReport).min(1).max(MOST_IN_BATCH);

/** Reports of a sandbox, or what is wrong with them. */
export type ParsedReports = { readonly reports: readonly SandboxReport[] } | { readonly fault: string };

/** Parses one line of a sandbox: a JSON array of reports. Never throws. */
export function parseReports(line: string): ParsedReports {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { fault: "it is not JSON" };
  }
  const parsed = batch.safeParse(value);
  if (parsed.success) return { reports: parsed.data as readonly SandboxReport[] };
  const [issue] = parsed.error.issues;
  return { fault: `${issue?.path.join(".") || "it"}: ${issue?.message}`.slice(0, LONGEST_FAULT) };
}

/** The message of a fault may repeat text that the sandbox chose. */
const LONGEST_FAULT = 200;

function isObjectJson(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
