import type { Compression } from "@connectrpc/connect/protocol";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
import { LONGEST_DELAY_MS } from "../../../lib/async/mod.ts";
import { type HttpRequest, orderedEncodings } from "../../../lib/transcode/mod.ts";
import { COMPRESSIONS } from "../rpc/compressions.ts";

/** The format of a unary call in one protocol. */
export interface UnaryForm {
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly isBinary: boolean;
  /** Content type of the response. */
  readonly contentType: string;
}

/** The head of a unary call, parsed. */
export interface UnaryHead {
  readonly form: UnaryForm;
  /** Compression of large responses; null: none. */
  readonly compression: Compression | null;
  readonly timeoutMs: number | undefined;
}

const CONNECT_JSON: UnaryForm = { protocol: "connect", isBinary: false, contentType: "application/json" };
const GRPC_PROTO: UnaryForm = { protocol: "grpc", isBinary: true, contentType: "application/grpc+proto" };
const GRPC_WEB_PROTO: UnaryForm = { protocol: "grpc-web", isBinary: true, contentType: "application/grpc-web+proto" };

/** Formats by the content type of the request. Clients rarely send other content types. */
const FORMS: ReadonlyMap<string, UnaryForm> = new Map([
  ["application/json", CONNECT_JSON],
  ["application/json; charset=utf-8", CONNECT_JSON],
  ["application/proto", { protocol: "connect", isBinary: true, contentType: "application/proto" }],
  ["application/grpc", GRPC_PROTO],
  ["application/grpc+proto", GRPC_PROTO],
  ["application/grpc+json", { protocol: "grpc", isBinary: false, contentType: "application/grpc+json" }],
  ["application/grpc-web", GRPC_WEB_PROTO],
  ["application/grpc-web+proto", GRPC_WEB_PROTO],
  ["application/grpc-web+json", { protocol: "grpc-web", isBinary: false, contentType: "application/grpc-web+json" }],
]);

/** Parses the head of a usual call: an uncompressed request with a common content type. Returns undefined for any other. */
export function readUnaryHead({ method, headers, httpVersionMajor }: HttpRequest): UnaryHead | undefined {
  const form = FORMS.get(headers["content-type"] ?? "");
  if (form === undefined || method !== "POST") return undefined;
  if (headers["content-encoding"] !== undefined || headers.expect !== undefined) return undefined;
  const connectTimeout = text(headers["connect-timeout-ms"]);
  const grpcTimeout = text(headers["grpc-timeout"]);
  if (form.protocol === "connect") {
    if (grpcTimeout !== null) return undefined;
    const compression = answerCompression(acceptedEncodings(text(headers["accept-encoding"])), "accept-encoding");
    return withTimeout({ form, compression }, parseConnectTimeout(connectTimeout, Number.MAX_SAFE_INTEGER));
  }
  // Trailers require HTTP/2.
  if (form.protocol === "grpc" && httpVersionMajor === 1) return undefined;
  const encoding = headers["grpc-encoding"];
  if (connectTimeout !== null || (encoding !== undefined && encoding !== "identity")) return undefined;
  const compression = answerCompression(text(headers["grpc-accept-encoding"]), "grpc-accept-encoding");
  return withTimeout({ form, compression }, parseGrpcTimeout(grpcTimeout, Number.MAX_SAFE_INTEGER));
}

/** Returns undefined for a timeout that is malformed, zero, or longer than the maximum of a timer. */
function withTimeout(
  head: Omit<UnaryHead, "timeoutMs">,
  { timeoutMs, error }: { timeoutMs?: number; error?: Error | undefined },
): UnaryHead | undefined {
  const isUsual = error === undefined && (timeoutMs === undefined || (timeoutMs > 0 && timeoutMs <= LONGEST_DELAY_MS));
  return isUsual ? { ...head, timeoutMs } : undefined;
}

function answerCompression(accepted: string | null, header: string): Compression | null {
  return accepted === null ? null : compressionNegotiate([...COMPRESSIONS], null, accepted, header).response;
}

/** Node joins repeated headers, except `set-cookie`. */
function text(value: string | string[] | undefined): string | null {
  return value === undefined ? null : String(value);
}

/**
 * Normalizes the codings that a Connect client accepts to what connect-es parses: lower-case names without weights (RFC 9110, section
 * 12.5.3), the best first. Returns `identity` instead of an empty list, which connect-es would treat as the coding of the request.
 */
export function acceptedEncodings(accepted: string | null): string | null {
  if (accepted === null || !/[;A-Zx]/.test(accepted)) return accepted;
  return orderedEncodings(accepted).join(",") || "identity";
}
