import { Code, ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { type ErrorInfo, ErrorInfoSchema } from "../gen/es/google/rpc/error_details_pb.js";

interface Reason {
  readonly code: Code;
  readonly reason: string;
  readonly metadata?: Record<string, string>;
  readonly cause?: unknown;
}

/**
 * Bytes of the message of an error. It travels twice in one header, percent-encoded and in the details, and clients take 8 KiB of headers.
 */
const MESSAGE_BYTES = 1536;

/** Bytes of a value of the metadata of an error. */
const METADATA_BYTES = 512;

/** Makes an error of the catalogue. Texts that are too long for a header are cut. */
export function apiError(message: string, { code, reason, metadata, cause }: Reason): ConnectError {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, cut(value, METADATA_BYTES)]);
  const info = { desc: ErrorInfoSchema, value: { reason, domain: "hearth", metadata: Object.fromEntries(entries) } };
  return new ConnectError(cut(message, MESSAGE_BYTES), code, undefined, [info], cause);
}

function cut(given: string, mostBytes: number): string {
  // A half of a surrogate pair cannot be encoded for a header.
  const text = given.toWellFormed();
  // No character takes more than three bytes of UTF-8 a UTF-16 unit.
  if (text.length * 3 <= mostBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  // Does not end within a character.
  return `${new TextDecoder().decode(bytes.subarray(0, mostBytes), { stream: true })} …`;
}

/** Reason and metadata of an error that was made here; undefined for any other. */
export function errorInfo(error: ConnectError): ErrorInfo | undefined {
  return error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "hearth");
}

/**
 * Describes an error for logs: its code (`permission_denied`; `internal` for errors from elsewhere) and its reason. For refused or
 * unverifiable credentials, the reason is the plugin's, which the caller does not see.
 */
export function describeError(error: unknown): { readonly code: string; readonly reason: string } {
  if (!(error instanceof ConnectError)) return { code: "internal", reason: "" };
  const { cause, code } = error;
  const reason = errorInfo(error)?.reason ?? "";
  const isPlugins = code === Code.Unauthenticated || reason === "AUTH_UNAVAILABLE";
  return { code: codeToString(code), reason: isPlugins && cause instanceof Error ? cause.message : reason };
}

export function withHeaders(error: ConnectError, name: string, values: readonly string[]): ConnectError {
  for (const value of values) error.metadata.append(name, value);
  return error;
}
