import { z } from "zod";
import {
  MAX_IN_BATCH,
  MAX_INLINE_JSON_LENGTH,
  MAX_NAME_LENGTH,
  MAX_NOTICE_LENGTH,
  MAX_PROBLEMS,
  MAX_PROGRESS_FIELDS_LENGTH,
  MAX_PROGRESS_MESSAGE_LENGTH,
  MAX_TEXT_LENGTH,
  MAX_TIME_MS,
  PART_BYTES,
} from "../sandbox/messages/bounds.ts";
import type { SandboxReport } from "../sandbox/messages/protocol.ts";

/**
 * What a sandbox may send, as it arrives: JSON, in which an absent key stands for undefined. The schemas are strict, because a sandbox
 * whose first wall is broken may send anything.
 */

const ordinal = z.int().positive();
const count = z.int().nonnegative();
const time = z.int().min(0).max(MAX_TIME_MS);
const text = z.string().max(MAX_TEXT_LENGTH + MAX_NOTICE_LENGTH);
const name = z.string().max(MAX_NAME_LENGTH);

const thrown = z.strictObject({ name: text, message: text, stack: text });

const loggedLine = z.strictObject({ level: z.enum(["debug", "info", "warn", "error"]), time, text });

/** JSON text that is an object; parsed where it is used. */
const objectJson = z.string().max(MAX_PROGRESS_FIELDS_LENGTH).refine(isObjectJson, "expected the JSON of an object");

/** Base64 makes four characters of three bytes. */
const MAX_BASE64_LENGTH = Math.ceil(PART_BYTES / 3) * 4;

const executorReport = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("validating"), run: ordinal }),
  z.strictObject({ type: z.literal("running"), run: ordinal }),
  z.strictObject({
    type: z.literal("progress"),
    run: ordinal,
    fraction: z.number().min(0).max(1),
    message: z.string().max(MAX_PROGRESS_MESSAGE_LENGTH + MAX_NOTICE_LENGTH),
    fields: objectJson.optional(),
  }),
  z.strictObject({ type: z.literal("logged"), run: ordinal, lines: z.array(loggedLine).max(MAX_IN_BATCH) }),
  z.strictObject({
    type: z.literal("resultBegun"),
    run: ordinal,
    mediaType: z.enum(["application/json", "application/octet-stream"]),
  }),
  z.strictObject({ type: z.literal("resultPart"), run: ordinal, base64: z.string().max(MAX_BASE64_LENGTH) }),
  z.strictObject({
    type: z.literal("succeeded"),
    run: ordinal,
    json: z.string().max(MAX_INLINE_JSON_LENGTH).optional(),
  }),
  z.strictObject({ type: z.literal("streamed"), run: ordinal }),
  z.strictObject({
    type: z.literal("failed"),
    run: ordinal,
    reason: z.enum(["THROWN", "LOAD_FAILED", "RESULT_TOO_LARGE"]),
    error: thrown,
  }),
  z.strictObject({ type: z.literal("rejected"), run: ordinal, problems: z.array(text).min(1).max(MAX_PROBLEMS) }),
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
    type: z.literal("reported"),
    executor: ordinal,
    messages: z.array(executorReport).min(1).max(MAX_IN_BATCH),
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

const batch = z.array(sandboxReport).min(1).max(MAX_IN_BATCH);

/** A message that breaks the protocol between sandbox and node. It ends the sandbox, never the node. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}

/** Reports of a sandbox, or why they are malformed. */
export type ParsedReports = { readonly reports: readonly SandboxReport[] } | { readonly error: string };

/** Parses one line of a sandbox: a JSON array of reports. Never throws. */
export function parseReports(line: string): ParsedReports {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { error: "it is not JSON" };
  }
  const parsed = batch.safeParse(value);
  if (parsed.success) return { reports: parsed.data as readonly SandboxReport[] };
  const [issue] = parsed.error.issues;
  return { error: `${issue?.path.join(".") || "it"}: ${issue?.message}`.slice(0, MAX_MESSAGE_LENGTH) };
}

/** The message of a fault may repeat text that the sandbox chose. */
const MAX_MESSAGE_LENGTH = 200;

function isObjectJson(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
