import { Code, ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { type ErrorInfo, ErrorInfoSchema } from "../gen/es/google/rpc/error_details_pb.js";

interface Reason {
  readonly code: Code;
  readonly reason: string;
  readonly metadata?: Record<string, string>;
  readonly cause?: unknown;
}

/** Makes an error of the catalogue. */
export function apiError(message: string, { code, reason, metadata, cause }: Reason): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: "hearth", metadata: metadata ?? {} } };
  return new ConnectError(message, code, undefined, [info], cause);
}

/** Reason and metadata of an error that was made here; undefined for any other. */
export function errorInfo(error: ConnectError): ErrorInfo | undefined {
  return error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "hearth");
}

/**
 * An error in two words for logs: its code (`permission_denied`; `internal` for what was not made here) and its reason. The reason
 * for which credentials were refused, or could not be looked at, is the plugin's own, which the caller is not told.
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
