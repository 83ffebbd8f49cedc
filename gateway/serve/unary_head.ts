import type { Compression } from "@connectrpc/connect/protocol";
import { compressionNegotiate } from "@connectrpc/connect/protocol";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
import { LONGEST_DELAY_MS } from "../../lib/async/mod.ts";
import { type HttpRequest, orderedEncodings } from "../../lib/transcode/mod.ts";
import { COMPRESSIONS } from "./compressions.ts";

/** How one protocol writes a call with one request and one answer. */
export interface UnaryForm {
  readonly protocol: "connect" | "grpc" | "grpc-web";
  readonly isBinary: boolean;
  /** Of an answer. */
  readonly contentType: string;
}

/** What the head of a request says of its call. */
export interface UnaryHead {
  readonly form: UnaryForm;
  /** Of large answers; null: none. */
  readonly compression: Compression | null;
  readonly timeoutMs: number | undefined;
}

const CONNECT_JSON: UnaryForm = { protocol: "connect", isBinary: false, contentType: "application/json" };
const GRPC_PROTO: UnaryForm = { protocol: "grpc", isBinary: true, contentType: "application/grpc+proto" };
const GRPC_WEB_PROTO: UnaryForm = { protocol: "grpc-web", isBinary: true, contentType: "application/grpc-web+proto" };

/** By the content type of the request. Clients write others as well, but rarely. */
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

/** Reads the head of a call as most clients send it: a request that is not compressed, for one of the usual types. Undefined for any other. */
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
  // Trailers are a matter of HTTP/2.
  if (form.protocol === "grpc" && httpVersionMajor === 1) return undefined;
  const encoding = headers["grpc-encoding"];
  if (connectTimeout !== null || (encoding !== undefined && encoding !== "identity")) return undefined;
  const compression = answerCompression(text(headers["grpc-accept-encoding"]), "grpc-accept-encoding");
  return withTimeout({ form, compression }, parseGrpcTimeout(grpcTimeout, Number.MAX_SAFE_INTEGER));
}

/** Undefined for a timeout that is malformed, over at once, or longer than a timer takes. */
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

/** Headers that clients send twice are joined, but for `set-cookie`. */
function text(value: string | string[] | undefined): string | null {
  return value === undefined ? null : String(value);
}

/**
 * The codings that a client of Connect accepts, as connect-es knows them: by one name, in small letters, without weights (RFC 9110, section
 * 12.5.3), the best first. `identity` stands for an empty list, which connect-es takes for the coding of the request.
 */
export function acceptedEncodings(accepted: string | null): string | null {
  if (accepted === null || !/[;A-Zx]/.test(accepted)) return accepted;
  return orderedEncodings(accepted).join(",") || "identity";
}
